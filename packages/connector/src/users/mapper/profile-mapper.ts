/**
 * From a directory entry to the profile that a hub gets, by the administrator's mapper in a sandbox or by the default one. This folder owns
 * what a mapper may see, how long it may take and how much memory it may use; where its source comes from is up to the settings.
 */
import type { Profile } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { ConnectorSettings } from '../../config/settings.ts';
import { defaultProfile } from './default-mapper.ts';
import { isKnownDefaultMapper } from './known-default-mappers.ts';
import { visibleVariables } from './mapper-environment.ts';
import { mapperError } from './sandbox/mapper-errors.ts';
import { startSandbox } from './sandbox/sandbox.ts';

export interface ProfileMapper {
  /** Whether it is a custom mapper, which may read any attribute. */
  readonly isCustom: boolean;
  /**
   * @param raw the entry by attribute name; binary values as Buffers
   * @throws CodedError MAPPER_SYNTAX, MAPPER_FAILED, MAPPER_TIMEOUT, MAPPER_MEMORY, or MAPPER_BUSY if too many mappings are waiting
   */
  map(raw: Readonly<Record<string, unknown>>): Promise<Profile>;
  /** Rejects like `map` if the mapper's source does not load, and with MAPPER_UNAVAILABLE if it uses a feature that the sandbox lacks. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export interface ProfileMapperOptions {
  /** A CommonJS module that exports `function (raw) → profile` or `function (raw, callback)`; undefined: the default mapper. */
  source: string | undefined;
  /** For loading the source, and again for each mapping; excludes the time spent waiting for earlier mappings. */
  timeoutMs: number;
  /** For everything the mapper's engine holds; it needs at least 16. */
  memoryLimitMb: number;
  log: Log;
}

/** @throws CodedError MAPPER_SYNTAX if the source is too long */
export function createProfileMapper({ source, ...options }: ProfileMapperOptions): ProfileMapper {
  if (source === undefined || isKnownDefaultMapper(source)) {
    return { isCustom: false, map: async (raw) => defaultProfile(raw), ready: async () => {}, close: async () => {} };
  }
  const { visible, hidden } = visibleVariables(process.env);
  const sandbox = startSandbox({ ...options, source, environment: visible });
  return {
    ...sandbox,
    isCustom: true,
    async ready() {
      await sandbox.ready();
      // Loaded only for custom mappers.
      const { unavailableIn } = await import('./available.ts');
      const [first, ...others] = unavailableIn(source, hidden);
      if (first === undefined) return;
      const more = others.length === 0 ? '' : `; and ${others.length} more`;
      throw mapperError({ code: 'MAPPER_UNAVAILABLE', message: `${first.message} (line ${first.line}${more})` });
    },
  };
}

/** With the limits in the settings. */
export function configuredMapper(source: string | undefined, values: ConnectorSettings, log: Log): ProfileMapper {
  const { PROFILE_MAPPING_TIMEOUT_MS: timeoutMs, PROFILE_MAPPING_MEMORY_LIMIT_MB: memoryLimitMb } = values;
  const mapper = createProfileMapper({ source, timeoutMs, memoryLimitMb, log });
  if (source !== undefined && !mapper.isCustom) {
    log.info('The profile mapper is the unmodified default mapper of an Auth0 connector; using the built-in default mapper instead');
  }
  return mapper;
}

/** Loads the mapper once. @throws CodedError MAPPER_SYNTAX, MAPPER_FAILED, MAPPER_TIMEOUT, MAPPER_MEMORY, MAPPER_UNAVAILABLE */
export async function assertLoads(source: string | undefined, values: ConnectorSettings, log: Log): Promise<void> {
  const mapper = configuredMapper(source, values, log);
  await mapper.ready().finally(() => mapper.close());
}
