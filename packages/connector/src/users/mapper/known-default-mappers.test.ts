/** The default mappers in every installation and export of an Auth0 connector are replaced by the built-in one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startSlapd } from '@landbridge/lab';
import { createLog } from '@landbridge/runtime';
import { UNSET_SETTINGS, usersOn } from '../../../test/users-on.ts';
import { defaultProfile } from './default-mapper.ts';
import { isKnownDefaultMapper, mapperFingerprint } from './known-default-mappers.ts';
import { configuredMapper, createProfileMapper } from './profile-mapper.ts';

/** Our default mapper, as the console shows it. */
const OURS = readFileSync(new URL('../../admin/assets/default-mapper.js', import.meta.url), 'utf8');

test('recognises a default mapper with any line ends, byte order mark, comments and white space', async (t) => {
  for (const [title, source] of [
    ['unchanged', OURS],
    ['with a byte order mark and CRLF', `\uFEFF${OURS.replaceAll('\n', '\r\n')}`],
    ['with tabs', OURS.replaceAll('  ', '\t')],
    ['with comments', `/* Changed by\n * nobody. */\n${OURS.replaceAll(';\n', '; // as before\n')}`],
  ] as const) {
    await t.test(title, () => assert.ok(isKnownDefaultMapper(source)));
  }
});

test('treats a changed mapper as a custom one', async (t) => {
  for (const [title, source] of [
    ['an additional line', OURS.replace('  return profile;', '  profile.email_verified = true;\n  return profile;')],
    ['another attribute', OURS.replace("'objectGUID'", "'entryUUID'")],
    ['a URL in a string', OURS.replace('  return profile;', "  profile.picture = 'https://x.example/';\n  return profile;")],
    ['an empty source', ''],
  ] as const) {
    await t.test(title, () => assert.equal(isKnownDefaultMapper(source), false));
  }
});

test('keeps text in a string that looks like a comment', () => {
  assert.notEqual(mapperFingerprint(`a = 'http://x';`), mapperFingerprint(`a = 'http://y';`));
  assert.equal(mapperFingerprint(`a = 1; // one\nb = 2;`), mapperFingerprint(`a=1;b=2;//two`));
});

test('the built-in mapper replaces a default mapper, and the log says so', async () => {
  const lines: string[] = [];
  const { log } = createLog({ level: 'info', format: 'json', destination: { write: (line) => lines.push(line) } });
  const mapper = configuredMapper(OURS, UNSET_SETTINGS, log);
  assert.equal(mapper.isCustom, false);
  assert.deepEqual(await mapper.map({ cn: 'x' }), defaultProfile({ cn: 'x' }));
  assert.match(lines.join(''), /unmodified default mapper of an Auth0 connector; using the built-in default mapper instead/);
});

/** What the contract says about the default profile (docs/protocol.md, section 3), as an independent mapper. */
const CONTRACT = `module.exports = function (raw) {
  var either = function () { for (var i = 0; i < arguments.length; i++) if (raw[arguments[i]]) return raw[arguments[i]]; };
  var profile = { id: either('objectGUID', 'uid', 'cn'), displayName: raw.displayName, name: { familyName: raw.sn, givenName: raw.givenName } };
  profile.nickname = either('sAMAccountName', 'cn', 'commonName');
  profile.groups = raw.groups;
  if (raw.mail) profile.emails = [{ value: raw.mail }];
  'dn st description postalCode telephoneNumber distinguishedName co department company mailNickname sAMAccountName sAMAccountType userPrincipalName manager organizationUnits'
    .split(' ').forEach(function (name) { profile[name] = raw[name]; });
  return profile;
};`;

test('makes byte-identical profiles to the sandboxed mapper from real entries', async () => {
  await using slapd = await startSlapd({ users: 30 });
  const on = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount }, { LDAP_BASE: slapd.baseDn });
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
  const sandboxed = createProfileMapper({ source: CONTRACT, timeoutMs: 5000, memoryLimitMb: 16, log });
  try {
    assert.ok(sandboxed.isCustom);
    for (const { uid } of slapd.users.ordinary) {
      const found = await on.users.inspect(uid, { correlationId: 'test', signal: new AbortController().signal });
      assert.ok(found !== undefined, uid);
      assert.equal(JSON.stringify(defaultProfile(found.raw)), JSON.stringify(await sandboxed.map(found.raw)));
    }
  } finally {
    await sandboxed.close();
    await on.close();
  }
});
