import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createHome, homeFolder, platformHome } from './program-home.ts';

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-home-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('the home folder', () => {
  it('is --home, else LANDBRIDGE_HOME, else the current folder in a checkout', () => {
    assert.equal(homeFolder('landbridge-hub', '/a', { LANDBRIDGE_HOME: '/b' }), resolve('/a'));
    assert.equal(homeFolder('landbridge-hub', undefined, { LANDBRIDGE_HOME: '/b' }), resolve('/b'));
    assert.equal(homeFolder('landbridge-hub', undefined, { LANDBRIDGE_HOME: '' }), process.cwd());
  });

  it('of a package is where the platform keeps such files', () => {
    const of = (platform: NodeJS.Platform, environment = {}) => platformHome('landbridge-connector', platform, environment);
    assert.equal(of('linux'), '/var/lib/landbridge-connector');
    assert.equal(of('darwin'), '/Library/Application Support/Landbridge/Connector');
    assert.equal(of('win32'), 'C:\\ProgramData\\Landbridge\\Connector');
    assert.equal(of('win32', { ProgramData: 'D:\\Data' }), 'D:\\Data\\Landbridge\\Connector');
  });

  it('is created with its parents, for its owner only, and stays as it is if it exists', { skip: process.platform === 'win32' }, (t) => {
    const folder = newFolder(t);
    createHome(join(folder, 'a', 'b'));
    for (const path of ['a', 'a/b']) assert.equal(statSync(join(folder, path)).mode & 0o777, 0o700);
    createHome(join(folder, 'a', 'b'));
  });

  it('in /proc is an error, and does not keep the program busy', { skip: process.platform !== 'linux', timeout: 10_000 }, () => {
    assert.throws(() => createHome('/proc/x/y'), { code: 'HOME_UNUSABLE', message: /The home \/proc\/x\/y cannot be created: .*ENOENT/ });
  });

  it('in place of a file is an error', (t) => {
    const file = join(newFolder(t), 'file');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'below')]) assert.throws(() => createHome(path), { code: 'HOME_UNUSABLE' });
  });
});
