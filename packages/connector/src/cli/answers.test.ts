import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { readAnswers } from './answers.ts';

const problems = (text: string) => {
  try {
    readAnswers('answers', text);
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message.split('\n').map((line) => line.trim());
  }
  return [];
};

it('reads one setting per line, with comments, blank lines, any line end, and blanks around names and values', () => {
  const { settings, hub } = readAnswers(
    'answers',
    '# a comment\r\n; another\r\n\r\nLDAP_URL = ldaps://dc1.example\r\nPORT=8443\nHUB=https://hub',
  );
  assert.deepEqual([settings, hub], [{ LDAP_URL: 'ldaps://dc1.example', PORT: '8443' }, 'https://hub']);
});

it('keeps everything after the first = as the value, and blanks only within quotation marks', () => {
  const { settings } = readAnswers('answers', `LDAP_BASE=DC=a,DC=b\nLDAP_BIND_PASSWORD=" a#b\\n "\nLDAP_BIND_USER='CN=x'`);
  assert.deepEqual(settings, { LDAP_BASE: 'DC=a,DC=b', LDAP_BIND_PASSWORD: ' a#b\\n ', LDAP_BIND_USER: 'CN=x' });
});

it('an empty value removes a setting, and a password in both of its forms', () => {
  const { settings } = readAnswers('answers', 'PORT=\nLDAP_BIND_PASSWORD=');
  assert.deepEqual(settings, { PORT: undefined, LDAP_BIND_PASSWORD: undefined, LDAP_BIND_CREDENTIALS: undefined });
});

it('reads a secret from the file that NAME_FILE names', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'answers-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'secret'), 'hunter2\n');
  const { settings } = readAnswers('answers', `LDAP_BIND_PASSWORD_FILE=${join(folder, 'secret')}`);
  assert.deepEqual(settings, { LDAP_BIND_PASSWORD: 'hunter2' });
});

it('names the line and the setting of each problem, and no secret', () => {
  const text = [
    'hunter2',
    'PORT=many',
    'LDAP_BIND_PASWORD=hunter2',
    'LDAP_BASE=x',
    'LDAP_BASE=y',
    'LDAP_BASE_FILE=/x',
    'LDAP_BIND_PASSWORD_FILE=/absent',
    'PROVISIONING_TICKET=hunter2',
    'NONSENSE=hunter2',
  ].join('\n');
  const found = problems(text);
  for (const expected of [
    /^answers, line 1: it must be NAME=value/,
    /^answers, line 2: PORT must be a whole number .*"many" is not$/,
    /^answers, line 3: LDAP_BIND_PASWORD is not a setting; was LDAP_BIND_PASSWORD meant\?$/,
    /^answers, line 5: LDAP_BASE is already set in line 4$/,
    /^answers, line 6: LDAP_BASE_FILE is not an answer, because LDAP_BASE is not a secret/,
    /^answers, line 7: LDAP_BIND_PASSWORD is missing: \/absent.*ENOENT/,
    /^answers, line 8: PROVISIONING_TICKET must be a URL/,
    /^answers, line 9: NONSENSE is not a setting$/,
  ]) {
    assert.ok(
      found.some((line) => expected.test(line)),
      `${expected} in:\n${found.join('\n')}`,
    );
  }
  assert.equal(found.length, 8);
  assert.doesNotMatch(found.join('\n'), /hunter2/);
});
