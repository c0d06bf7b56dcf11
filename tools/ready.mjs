// Makes a clone ready to run: installs the packages of package-lock.json if they are missing or out of date.
// Any Node that can start npm runs this file, so it is plain JavaScript. Everything after it runs on the Node in node_modules/.bin,
// which comes from the package `node-PLATFORM-ARCH` if there is one for this machine, and else is the one in PATH.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const lock = join(root, 'package-lock.json');
// npm writes this file last, so a lock file that changed after the installation is newer.
const installed = join(root, 'node_modules', '.package-lock.json');
const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

// npm ignores it if an optional package cannot be fetched.
function isNodeMissing() {
  return nodePackage in optionalDependencies && !existsSync(join(root, 'node_modules', nodePackage));
}

if (!existsSync(installed) || isNodeMissing() || statSync(lock).mtimeMs > statSync(installed).mtimeMs) {
  console.log('Installing the packages of package-lock.json (once) ...');
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0 || isNodeMissing()) {
    console.error(
      `npm ci failed${npm.status === 0 ? ` to install ${nodePackage}` : ''}. Can this machine reach the npm registry? See the lines above.`,
    );
    process.exit(1);
  }
}
