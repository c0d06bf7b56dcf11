/**
 * The source of a custom profile mapper: PROFILE_MAPPER, then PROFILE_MAPPER_FILE, then the file in the home. In the layout that Auth0
 * connectors have used since 7.0, the file takes precedence, as it does there.
 */
import { resolve } from 'node:path';
import { CodedError, LET_READ, readTextIfExists } from '@landbridge/runtime';
import type { Config } from './load.ts';

/**
 * @returns undefined for the default mapper
 * @throws CodedError PROFILE_MAPPER_UNREADABLE, which names the setting or the file
 */
export function profileMapperSource({ home, values, candidate }: Pick<Config, 'home' | 'values' | 'candidate'>): string | undefined {
  const inHome = () => (candidate === undefined ? read(home.profileMapperFile, '') : candidate.mapper);
  const first = home.layout === 'data' ? inHome() : undefined;
  if (first !== undefined) return first;
  if (values.PROFILE_MAPPER !== undefined) return values.PROFILE_MAPPER;
  if (values.PROFILE_MAPPER_FILE !== undefined) {
    const path = resolve(home.folder, values.PROFILE_MAPPER_FILE);
    const source = read(path, 'PROFILE_MAPPER_FILE: ');
    if (source === undefined) {
      throw new CodedError('PROFILE_MAPPER_UNREADABLE', `PROFILE_MAPPER_FILE: ${path} does not exist`, {
        action: 'Correct the path, or remove PROFILE_MAPPER_FILE to use the default mapper.',
      });
    }
    return source;
  }
  return home.layout === 'data' ? undefined : inHome();
}

function read(path: string, prefix: string): string | undefined {
  return readTextIfExists(
    path,
    (cause) => new CodedError('PROFILE_MAPPER_UNREADABLE', `${prefix}${path} cannot be read`, { action: LET_READ, cause }),
  );
}
