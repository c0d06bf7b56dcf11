/** Finds an installed Auth0 AD/LDAP Connector on this machine, and reads its folder as if it were an export. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, posix, win32 } from 'node:path';
import { CodedError, errorCodeOf, LET_READ } from '@landbridge/runtime';

/** Where its installer (Windows) and its documentation (Linux) put it. */
const INSTALLED_IN: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['/opt/auth0-adldap', '/opt/auth0/adldap', posix.join('/opt', 'auth0')],
  win32: ['C:\\Program Files (x86)', 'C:\\Program Files'].map((folder) => win32.join(folder, 'Auth0', 'AD LDAP Connector')),
};

/** As for an entry of an imported zip. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** @returns the folders that have its settings, in either layout */
export function findInstalledConnectors(candidates: readonly string[] = INSTALLED_IN[process.platform] ?? []): string[] {
  return candidates.filter((folder) => ['config.json', join('data', 'config.json')].some((name) => existsSync(join(folder, name))));
}

/**
 * @param names the files to read, relative to the folder
 * @throws CodedError IMPORT_INPUT
 */
export function readInstalledFiles(folder: string, names: Iterable<string>): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const name of names) {
    const path = join(folder, name);
    try {
      if (statSync(path).size > MAX_FILE_BYTES) throw new CodedError('IMPORT_INPUT', `${path} is too large to be a file of a connector`);
      files.set(name, readFileSync(path));
    } catch (cause) {
      if (cause instanceof CodedError) throw cause;
      const code = errorCodeOf(cause);
      if (code === 'ENOENT' || code === 'ENOTDIR') continue;
      throw new CodedError('IMPORT_INPUT', `Cannot read ${path}`, { action: LET_READ, cause });
    }
  }
  return files;
}
