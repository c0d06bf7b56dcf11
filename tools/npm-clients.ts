/**
 * OpenID Connect clients of others, which e2e tests run as programs. Like the Debian packages, they are installed by `npm test` and are no
 * part of the workspaces: nothing of ours can import them, and their licences do not concern us.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..', 'e2e', 'clients');

/**
 * Installs what the lock file says if that is missing or out of date.
 *
 * @returns whether the tests may run: false only if they are `required` and still missing
 */
export function ensureNpmClients(required: boolean): boolean {
  if (isInstalled()) return true;
  console.log('Installing third-party OpenID Connect clients for the tests (once) ...');
  const npm = spawnSync('npm', ['ci', '--no-workspaces', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: FOLDER,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (npm.status === 0) return true;
  console.error(`${required ? 'Missing' : 'Skipping tests that need them'}: the npm packages of e2e/clients/package-lock.json.`);
  return !required;
}

function isInstalled(): boolean {
  // npm writes this file last, so a lock file that changed after the installation is newer.
  const installed = join(FOLDER, 'node_modules', '.package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(FOLDER, 'package-lock.json')).mtimeMs;
}
