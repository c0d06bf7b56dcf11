// Makes a clone ready to run: installs the packages of package-lock.json when they are not there, or no longer the same.
// Plain JavaScript for old Nodes: whatever Node npm was started with runs this file; what follows it runs on the Node
// that the npm package `node` puts into node_modules/.bin.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const lock = join(root, 'package-lock.json');
// npm writes this file at the end of an installation, so it is older than a lock file that changed since.
const installed = join(root, 'node_modules', '.package-lock.json');
const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

if (!existsSync(installed) || !existsSync(node) || statSync(lock).mtimeMs > statSync(installed).mtimeMs) {
  console.log('Installing the packages of package-lock.json (once) ...');
  const npm = (...args) =>
    spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    }).status === 0;
  // Only Node's own package runs its script, which puts the program in place.
  if (!npm('ci', '--ignore-scripts') || !npm('rebuild', 'node')) {
    console.error('npm ci failed. Is the npm registry reachable? The lines above say what npm met.');
    process.exit(1);
  }
}
