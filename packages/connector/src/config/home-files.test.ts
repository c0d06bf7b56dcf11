import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { findHome } from './home.ts';
import { finishReplacement, type HomeFiles, readHomeFiles, readLastGood, replaceHomeFiles } from './home-files.ts';
import { loadConfig } from './load.ts';

const OLD: HomeFiles = {
  settings: { SITE_NAME: 'old' },
  mapper: 'old mapper',
  certificate: { certificatePem: 'old cert', privateKeyPem: 'old key' },
};
const NEW: HomeFiles = {
  settings: { SITE_NAME: 'new', other: [1] },
  mapper: undefined,
  certificate: { certificatePem: 'new cert', privateKeyPem: 'new key' },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'home-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** All files in the home. */
const names = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();

describe('the files of a home', () => {
  it('are replaced together, readable only by their owner, in the existing layout, and the old ones are kept', () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'config.json'), '{}');
    const home = findHome(folder);
    replaceHomeFiles(home, OLD, undefined);
    assert.deepEqual(readHomeFiles(home), OLD);
    assert.equal(readFileSync(join(folder, 'data', 'profileMapper', 'custom.js'), 'utf8'), 'old mapper');
    assert.equal(readLastGood(home), undefined);
    replaceHomeFiles(home, NEW, OLD);
    assert.deepEqual(readHomeFiles(home), NEW);
    assert.deepEqual(readLastGood(home)?.files, OLD);
    assert.deepEqual(names(), ['cert.key', 'cert.pem', 'config.json', 'last-good.json']);
    for (const path of [home.configFile, home.keyFile, home.certFile, join(folder, 'last-good.json')]) {
      assert.equal(statSync(path).mode & 0o777, 0o600);
    }
  });

  it('keep the key if the new files have none', () => {
    const home = findHome(folder);
    replaceHomeFiles(home, OLD, undefined);
    replaceHomeFiles(home, { ...NEW, certificate: undefined }, OLD);
    assert.deepEqual(readHomeFiles(home).certificate, OLD.certificate);
  });

  it('are all old or all new after the process is killed at any step', () => {
    const home = findHome(folder);
    const seen = new Set<unknown>();
    // Each rename and removal is a step. The process is killed right before the step with this number.
    for (let step = 1; ; step++) {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
      replaceHomeFiles(home, OLD, undefined);
      const { signal, status, stderr } = spawnSync(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', killedAt(step)],
        {
          encoding: 'utf8',
        },
      );
      // The next load of the configuration finishes it.
      seen.add(loadConfig(folder, {}).values.SITE_NAME);
      const files = readHomeFiles(home);
      assert.deepEqual(files, files.settings.SITE_NAME === 'new' ? NEW : OLD, `step ${step}`);
      assert.equal(existsSync(join(folder, 'replacement.json')), false);
      if (signal === null) {
        assert.equal(status, 0, stderr);
        assert.ok(step > 5);
        break;
      }
    }
    assert.deepEqual([...seen], ['old', 'new']);
  });

  for (const text of ['{', '[]', '{"settings":1,"secret":"hunter2"}']) {
    it(`are not changed by a damaged replacement: ${text}`, () => {
      const home = findHome(folder);
      replaceHomeFiles(home, OLD, undefined);
      writeFileSync(join(folder, 'replacement.json'), text);
      assert.throws(
        () => finishReplacement(home),
        (error: unknown) =>
          error instanceof Error && 'code' in error && error.code === 'HOME_FILES_UNREADABLE' && !/hunter2/.test(error.message),
      );
      assert.deepEqual(readHomeFiles(home), OLD);
    });
  }

  it('stay as they are if nothing can be written', () => {
    const home = findHome(folder);
    replaceHomeFiles(home, OLD, undefined);
    mkdirSync(join(folder, 'last-good.json'));
    assert.throws(
      () => replaceHomeFiles(home, NEW, OLD),
      (error: unknown) => error instanceof Error && 'code' in error && error.code === 'HOME_FILES_NOT_WRITABLE',
    );
    assert.deepEqual(readHomeFiles(home), OLD);
  });
});

function killedAt(step: number): string {
  return `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    let left = ${step};
    for (const name of ['renameSync', 'rmSync']) {
      const real = fs[name];
      fs[name] = (...args) => {
        if (--left === 0) process.kill(process.pid, 'SIGKILL');
        return real(...args);
      };
    }
    syncBuiltinESMExports();
    const { replaceHomeFiles } = await import(${JSON.stringify(new URL('./home-files.ts', import.meta.url).href)});
    const { findHome } = await import(${JSON.stringify(new URL('./home.ts', import.meta.url).href)});
    replaceHomeFiles(findHome(${JSON.stringify(folder)}), ${JSON.stringify(NEW)}, ${JSON.stringify(OLD)});`;
}
