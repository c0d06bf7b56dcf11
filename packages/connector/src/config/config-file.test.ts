import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { readConfigFile, updateConfigFile } from './config-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-file-'));
  path = join(folder, 'config.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const mode = (file: string) => statSync(file).mode & 0o777;

describe('reading config.json', () => {
  it('returns all keys, or nothing if there is no file', () => {
    assert.deepEqual(readConfigFile(path), {});
    writeFileSync(path, '\uFEFF{"LDAP_BASE": "DC=x", "urn:auth0:fabrikam": ["a"]}');
    assert.deepEqual(readConfigFile(path), { LDAP_BASE: 'DC=x', 'urn:auth0:fabrikam': ['a'] });
  });

  it('names file, line and column of broken JSON without quoting it', () => {
    writeFileSync(path, '{\n  "LDAP_BIND_PASSWORD": "hunter2!",\n}');
    assert.throws(
      () => readConfigFile(path),
      (error) => {
        assert.ok(error instanceof CodedError);
        assert.equal(error.code, 'CONFIG_NOT_JSON');
        assert.match(error.message, /config\.json is not valid JSON: line 3, column 1$/);
        assert.equal(error.cause, undefined);
        assert.doesNotMatch(`${error.stack}`, /hunter2/);
        return true;
      },
    );
  });

  it('reads UTF-16 as PowerShell writes it, CRLF and comments', () => {
    const text = '{\r\n  // the directory of the north\r\n  "LDAP_BASE": "OU=Nörd,DC=x" /* moved */\r\n}\r\n';
    const littleEndian = Buffer.from(`\uFEFF${text}`, 'utf16le');
    for (const bytes of [littleEndian, Buffer.from(littleEndian).swap16(), littleEndian.subarray(2), Buffer.from(`\uFEFF${text}`)]) {
      writeFileSync(path, bytes);
      assert.deepEqual(readConfigFile(path), { LDAP_BASE: 'OU=Nörd,DC=x' });
    }
    updateConfigFile(path, { PORT: 1 });
    assert.deepEqual(readConfigFile(path), { LDAP_BASE: 'OU=Nörd,DC=x', PORT: 1 });
    assert.match(readFileSync(path, 'utf8'), /the directory of the north/);
  });

  it('explains a folder that a container runtime created in place of a missing file', () => {
    mkdirSync(path);
    assert.throws(() => readConfigFile(path), { code: 'CONFIG_UNREADABLE', message: /is a folder/, action: /container/ });
  });

  for (const text of ['[]', '"x"', '1', 'null']) {
    it(`rejects ${text}, which is not an object`, () => {
      writeFileSync(path, text);
      assert.throws(() => readConfigFile(path), { code: 'CONFIG_NOT_JSON' });
    });
  }
});

describe('changing config.json', () => {
  it('creates a file that only its owner can read', () => {
    const before = process.umask(0);
    try {
      assert.equal(updateConfigFile(join(folder, 'new', 'config.json'), { A: 1 }), true);
    } finally {
      process.umask(before);
    }
    assert.equal(mode(join(folder, 'new', 'config.json')), 0o600);
    assert.equal(mode(join(folder, 'new')), 0o700);
  });

  it('keeps other keys and a backup, and leaves no temporary file', () => {
    writeFileSync(path, '{"A": 1, "B": {"x": [1]}, "C": 3}', { mode: 0o644 });
    assert.equal(updateConfigFile(path, { A: 2, C: undefined, D: 'new' }), true);
    assert.deepEqual(readConfigFile(path), { A: 2, B: { x: [1] }, D: 'new' });
    assert.equal(readFileSync(`${path}.bak`, 'utf8'), '{"A": 1, "B": {"x": [1]}, "C": 3}');
    assert.equal(mode(path), 0o600);
    assert.equal(mode(`${path}.bak`), 0o600);
    assert.deepEqual(readdirSync(folder).sort(), ['config.json', 'config.json.bak']);
  });

  it('keeps edits made since the file was read', () => {
    writeFileSync(path, '{"A": 1}');
    readConfigFile(path);
    writeFileSync(path, '{"A": 1, "LDAP_BASE": "typed meanwhile"}');
    updateConfigFile(path, { A: 2 });
    assert.deepEqual(readConfigFile(path), { A: 2, LDAP_BASE: 'typed meanwhile' });
  });

  it('does not write a file if nothing changes', () => {
    writeFileSync(path, '{"A":   [1]}');
    assert.equal(updateConfigFile(path, { A: [1], B: undefined }), false);
    assert.equal(readFileSync(path, 'utf8'), '{"A":   [1]}');
    assert.deepEqual(readdirSync(folder), ['config.json']);
  });

  it('does not overwrite a broken file', () => {
    writeFileSync(path, '{"A": ');
    assert.throws(() => updateConfigFile(path, { A: 2 }), { code: 'CONFIG_NOT_JSON' });
    assert.equal(readFileSync(path, 'utf8'), '{"A": ');
    assert.deepEqual(readdirSync(folder), ['config.json']);
  });

  it('replaces the target of a symbolic link, and not the link', () => {
    const real = join(folder, 'elsewhere.json');
    writeFileSync(real, '{"A": 1}');
    symlinkSync(real, path);
    updateConfigFile(path, { A: 2 });
    assert.deepEqual(readConfigFile(real), { A: 2 });
    assert.ok(
      readdirSync(folder, { withFileTypes: true })
        .find((entry) => entry.name === 'config.json')
        ?.isSymbolicLink(),
    );
  });

  it('overwrites a file that is mounted on its own, even with shorter content', (t) => {
    const outside = join(folder, 'outside.json');
    writeFileSync(outside, '{"A": 1, "B": "a long text that goes away"}');
    writeFileSync(path, '{}');
    if (spawnSync('mount', ['--bind', outside, path]).status !== 0) return t.skip('no right to mount here');
    try {
      assert.equal(updateConfigFile(path, { A: 2, B: undefined }), true);
      assert.deepEqual(readConfigFile(outside), { A: 2 });
      assert.deepEqual(readdirSync(folder).sort(), ['config.json', 'config.json.bak', 'outside.json']);
    } finally {
      spawnSync('umount', [path]);
    }
  });

  it('reports an unwritable file with an action, and changes nothing', () => {
    mkdirSync(join(folder, 'sub'));
    const inSub = join(folder, 'sub', 'config.json');
    writeFileSync(inSub, '{"A": 1}');
    // A folder in place of the backup also stops root, unlike file modes.
    mkdirSync(`${inSub}.bak`);
    writeFileSync(join(`${inSub}.bak`, 'x'), '');
    chmodSync(join(folder, 'sub'), 0o700);
    assert.throws(() => updateConfigFile(inSub, { A: 2 }), { code: 'CONFIG_NOT_WRITABLE', action: /OVERRIDE_CONFIG/ });
    assert.equal(readFileSync(inSub, 'utf8'), '{"A": 1}');
    assert.deepEqual(readdirSync(join(folder, 'sub')).sort(), ['config.json', 'config.json.bak']);
  });
});
