/**
 * From a directory entry to the profile that a hub gets: by the mapper that the administrator wrote, in a sandbox, or by the default
 * one. This folder owns what a mapper may see, how long it may take and how much memory it may use; where its source comes from is
 * the settings' matter.
 */
import type { Profile } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import { defaultProfile } from './default-mapper.ts';
import { startSandbox } from './sandbox.ts';

export interface ProfileMapper {
  /**
   * @param raw the entry by attribute name; binary values as Buffers
   * @throws CodedError MAPPER_SYNTAX, MAPPER_FAILED, MAPPER_TIMEOUT, MAPPER_MEMORY, or MAPPER_BUSY where too many wait for a mapping
   */
  map(raw: Readonly<Record<string, unknown>>): Promise<Profile>;
  /** Rejects as `map` would where the mapper's source does not even load. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export interface ProfileMapperOptions {
  /** A CommonJS module that exports `function (raw) → profile` or `function (raw, callback)`; undefined: the default mapper. */
  source: string | undefined;
  /** For loading the source, and again for each mapping; waiting for earlier mappings is not counted. */
  timeoutMs: number;
  /** All that the mapper's engine may hold; 16 is the least it runs with. */
  memoryLimitMb: number;
  log: Log;
}

/** @throws CodedError MAPPER_SYNTAX where the source is longer than any mapper */
export function createProfileMapper(options: ProfileMapperOptions): ProfileMapper {
  const { source } = options;
  if (source !== undefined) return startSandbox({ ...options, source });
  return {
    map: async (raw) => defaultProfile(raw),
    ready: async () => {},
    close: async () => {},
  };
}
