import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { findInstalledConnectors, readInstalledFiles } from './installed-connector.ts';

function newFolder(t: TestContext, ...names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'installed-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), '{}');
  }
  return folder;
}

it('finds folders with settings, in either layout', (t) => {
  const [older, newer, other] = [newFolder(t, 'config.json'), newFolder(t, 'data/config.json'), newFolder(t, 'package.json')];
  assert.deepEqual(findInstalledConnectors([older, newer, other, '/absent']), [older, newer]);
});

it('reads only the named files', (t) => {
  const folder = newFolder(t, 'config.json', 'certs/cert.key', 'server.js');
  assert.deepEqual(
    [...readInstalledFiles(folder, ['config.json', 'certs/cert.key', 'lib/profileMapper.js']).keys()],
    ['config.json', 'certs/cert.key'],
  );
});

it('refuses files that are too large for settings', (t) => {
  const folder = newFolder(t);
  writeFileSync(join(folder, 'config.json'), Buffer.alloc(5 * 1024 * 1024));
  assert.throws(() => readInstalledFiles(folder, ['config.json']), { code: 'IMPORT_INPUT' });
});
