import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { loadSettings, setting } from './settings.ts';

const LIST = {
  PASSWORD: { type: setting.text(), description: 'A secret.', group: 'Directory', secret: true },
  KEY: { type: setting.pem(), description: 'A secret.', group: 'Directory', secret: true },
  KEY_FILE: { type: setting.text(), description: 'A setting of its own.', group: 'Directory' },
  LOG: { type: setting.text(), description: 'Not secret.', group: 'Directory' },
} as const;

const load = (environment: Record<string, string>, file: Record<string, unknown> = {}) => loadSettings(LIST, { file, environment });

function secretFile(t: TestContext, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-secret-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'secret'), content);
  return join(folder, 'secret');
}

it('a secret setting has the content of the file that NAME_FILE names, without its line end', (t) => {
  const { values, origins, problems } = load({ PASSWORD_FILE: secretFile(t, ' two words \n') }, { PASSWORD: 'in the file' });
  assert.deepEqual([values.PASSWORD, origins.PASSWORD, problems], [' two words ', 'environment', []]);
});

it('a changed secret file counts the next time the settings are read', (t) => {
  const path = secretFile(t, 'old');
  assert.equal(load({ PASSWORD_FILE: path }).values.PASSWORD, 'old');
  writeFileSync(path, 'new\r\n');
  assert.equal(load({ PASSWORD_FILE: path }).values.PASSWORD, 'new');
});

it('only secret settings have such a file, and never one that is a setting itself', (t) => {
  const path = secretFile(t, 'content');
  const { values } = load({ LOG_FILE: path, KEY_FILE: path });
  assert.deepEqual([values.LOG, values.KEY, values.KEY_FILE], [undefined, undefined, path]);
});

it('rejects a secret that is given both ways, without showing it', (t) => {
  const { problems } = load({ PASSWORD: 'hunter2', PASSWORD_FILE: secretFile(t, 'hunter3') });
  assert.deepEqual(problems, [
    { name: 'PASSWORD', origin: 'environment', message: 'PASSWORD and PASSWORD_FILE are both set in the environment: remove one of them' },
  ]);
});

it('an empty variable is the same as none', (t) => {
  assert.equal(load({ PASSWORD: '', PASSWORD_FILE: secretFile(t, 'value') }).values.PASSWORD, 'value');
  assert.equal(load({ PASSWORD: 'value', PASSWORD_FILE: '' }).values.PASSWORD, 'value');
});

it('a secret file that is missing, empty or a folder is a problem, and the settings file does not stand in for it', (t) => {
  const empty = secretFile(t, '\n');
  const folder = `${empty}.d`;
  mkdirSync(folder);
  for (const [path, reason] of [
    [empty, /is empty$/],
    [`${empty}.none`, /cannot be read \(ENOENT\)/],
    [folder, /cannot be read \(EISDIR\)/],
  ] as const) {
    const { values, problems } = load({ PASSWORD_FILE: path }, { PASSWORD: 'in the file' });
    assert.equal(values.PASSWORD, undefined);
    assert.match(problems[0]?.message ?? '', reason);
    assert.match(problems[0]?.message ?? '', /^PASSWORD is missing: .*, which PASSWORD_FILE names/);
  }
});
