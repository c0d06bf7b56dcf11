import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { MINIMUM_NODE_VERSION } from '../packages/runtime/src/node-version.ts';
import { PROGRAM_FOLDERS } from './npm-programs.ts';

interface LockEntry {
  version: string;
  integrity?: string;
  link?: boolean;
  hasInstallScript?: boolean;
}

function packagesOf(lockFile: string): Record<string, LockEntry> {
  const { packages }: { packages: Record<string, LockEntry> } = JSON.parse(
    readFileSync(new URL(`../${lockFile}`, import.meta.url), 'utf8'),
  );
  return packages;
}

it('every package from the registry is locked with its SHA-512 hash', async (t) => {
  for (const lockFile of ['package-lock.json', ...PROGRAM_FOLDERS.map((folder) => `${folder}/package-lock.json`)]) {
    await t.test(lockFile, () => {
      // npm leaves the hash out for optional packages of other platforms if node_modules exists when it writes the lock file.
      const unhashed = Object.entries(packagesOf(lockFile)).filter(
        ([path, { link, integrity }]) => path.includes('node_modules/') && !link && !integrity?.startsWith('sha512-'),
      );
      assert.deepEqual(
        unhashed.map(([path]) => path),
        [],
      );
    });
  }
});

it('Node.js for Linux has the security fixes and needs no install script', () => {
  const packages = packagesOf('package-lock.json');
  for (const arch of ['x64', 'arm64']) {
    const entry = packages[`node_modules/node-linux-${arch}`];
    assert.equal(entry?.version, MINIMUM_NODE_VERSION);
    assert.equal(entry.hasInstallScript, undefined);
  }
});
