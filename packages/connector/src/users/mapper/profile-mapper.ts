/**
 * From a directory entry to the profile that a hub gets, by the administrator's mapper in a sandbox or by the default one. This folder owns
 * what a mapper may see, how long it may take and how much memory it may use; where its source comes from is up to the settings.
 */
import type { Profile } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { ConnectorSettings } from '../../config/settings.ts';
import { defaultProfile } from './default-mapper.ts';
import { startSandbox } from './sandbox/sandbox.ts';

export interface ProfileMapper {
  /**
   * @param raw the entry by attribute name; binary values as Buffers
   * @throws CodedError MAPPER_SYNTAX, MAPPER_FAILED, MAPPER_TIMEOUT, MAPPER_MEMORY, or MAPPER_BUSY if too many mappings are waiting
   */
  map(raw: Readonly<Record<string, unknown>>): Promise<Profile>;
  /** Rejects like `map` if the mapper's source does not load. */
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
export function createProfileMapper(options: ProfileMapperOptions): ProfileMapper {
  const { source } = options;
  if (source !== undefined) return startSandbox({ ...options, source, environment: {} });
  return {
    map: async (raw) => defaultProfile(raw),
    ready: async () => {},
    close: async () => {},
  };
}

/** With the limits in the settings. */
export function configuredMapper(source: string | undefined, values: ConnectorSettings, log: Log): ProfileMapper {
  const { PROFILE_MAPPING_TIMEOUT_MS: timeoutMs, PROFILE_MAPPING_MEMORY_LIMIT_MB: memoryLimitMb } = values;
  return createProfileMapper({ source, timeoutMs, memoryLimitMb, log });
}

/** Loads the mapper once. @throws CodedError MAPPER_SYNTAX, MAPPER_FAILED, MAPPER_TIMEOUT, MAPPER_MEMORY */
export async function assertLoads(source: string | undefined, values: ConnectorSettings, log: Log): Promise<void> {
  const mapper = configuredMapper(source, values, log);
  await mapper.ready().finally(() => mapper.close());
}
