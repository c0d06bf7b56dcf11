import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Attribute, Change, Client } from 'ldapts';
import { bound, openldap } from '../test/clients.ts';
import { createDomain, createFabrikam, type DirectoryServer, fileTime, startDirectory } from './index.ts';

let directory: DirectoryServer;
before(async () => {
  directory = await startDirectory();
});
after(() => directory.stop());

const attribute = (type: string, value: string | Buffer) => new Attribute({ type, values: [Buffer.from(value)] });

/** The identity after a bind, or the `data` of its refusal. */
async function signIn(name: string, password: string, { url } = directory): Promise<string> {
  const client = new Client({ url, timeout: 20_000 });
  try {
    await client.bind(name, password);
    const { value } = await client.exop('1.3.6.1.4.1.4203.1.11.3');
    return value ?? '';
  } catch (error) {
    const text = error instanceof Error ? error.message : '';
    return /, data (\w+), v1db1\0/.exec(text)?.[1] ?? text;
  } finally {
    await client.unbind();
  }
}

test('each user gets the result in the table, and a wrong password reveals nothing about the account', async (t) => {
  assert.ok(directory.users.length > 10);
  for (const { name, password, dn, refusal } of directory.users) {
    await t.test(name, async () => {
      const outcome = refusal ?? `u:FABRIKAM\\${name}`;
      assert.equal(await signIn(dn, password), outcome);
      assert.equal(await signIn(`${name}@fabrikam.local`, password), outcome);
      assert.equal(await signIn(`fabrikam\\${name}`, password), outcome);
      assert.equal(await signIn(dn, 'wrong'), refusal === '775' ? '775' : '52e');
    });
  }
});

test('rejects unknown names and invalid names alike', async (t) => {
  const names = [
    'CN=nobody,DC=fabrikam,DC=local',
    'nobody',
    'OTHER\\alice',
    'alice@other.local',
    '*)(cn=*',
    '\0',
    'DC=fabrikam,DC=local',
    'x'.repeat(65_000),
  ];
  for (const name of names) {
    await t.test(JSON.stringify(name.slice(0, 40)), async () => assert.equal(await signIn(name, 'Passw0rd!'), '52e'));
  }
});

test('a bind with an empty password succeeds as anonymous', async () => {
  const { code, stdout } = await openldap('ldapwhoami', directory.url, ['-D', 'CN=alice,OU=People,OU=Lab,DC=fabrikam,DC=local', '-w', '']);
  assert.deepEqual([code, stdout.trim()], [0, 'anonymous']);
  const search = await openldap('ldapsearch', directory.url, ['-D', 'alice@fabrikam.local', '-w', '', '-b', directory.baseDn]);
  assert.equal(search.code, 1);
  assert.match(search.stdout + search.stderr, /000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform/);
});

test('a failed bind makes a bound client anonymous', async () => {
  const client = new Client({ url: directory.url });
  await client.bind(directory.serviceAccount.dn, directory.serviceAccount.password);
  await assert.rejects(client.bind(directory.serviceAccount.dn, 'wrong'), { code: 49 });
  await assert.rejects(client.search(directory.baseDn, { filter: '(cn=alice)' }), { code: 1 });
  await client.unbind();
});

test('wrong passwords lock the account at the threshold, and a right one resets the count', async () => {
  const own = await startDirectory({ domain: createDomain({ lockoutThreshold: 3 }) });
  try {
    own.domain.addUser('eve', { password: 'Right-1' });
    assert.deepEqual([await signIn('fabrikam\\eve', 'x', own), await signIn('fabrikam\\eve', 'y', own)], ['52e', '52e']);
    assert.equal(own.badPwdCount('eve'), 2);
    assert.equal(await signIn('fabrikam\\eve', 'Right-1', own), 'u:FABRIKAM\\eve');
    assert.equal(own.badPwdCount('eve'), 0);
    for (const expected of ['52e', '52e', '52e', '775']) assert.equal(await signIn('fabrikam\\eve', 'x', own), expected);
    assert.equal(await signIn('fabrikam\\eve', 'Right-1', own), '775');
    assert.equal(own.operations.bindAttempts('eve'), 8);
    assert.equal(own.operations.counts.bind, 8);
    own.operations.reset();
    assert.deepEqual([own.operations.bindAttempts('eve'), own.operations.counts.bind, own.badPwdCount('eve')], [0, 0, 3]);
  } finally {
    await own.stop();
  }
});

test('a lock lasts as long as configured, and counting then starts over', async () => {
  let now = Date.UTC(2026, 0, 1);
  const own = await startDirectory({ domain: createDomain({ lockoutThreshold: 1, lockoutDurationMs: 60_000, now: () => now }) });
  try {
    own.domain.addUser('eve', { password: 'Right-1' });
    assert.equal(await signIn('fabrikam\\eve', 'x', own), '52e');
    assert.equal(await signIn('fabrikam\\eve', 'Right-1', own), '775');
    now += 60_000;
    assert.equal(await signIn('fabrikam\\eve', 'Right-1', own), 'u:FABRIKAM\\eve');
  } finally {
    await own.stop();
  }
});

test('account states are checked in order, and logon hours at the current time', async () => {
  let now = Date.UTC(2026, 0, 4, 9, 30);
  const { domain } = createFabrikam({ now: () => now });
  const own = await startDirectory({ domain });
  try {
    const past = fileTime(now - 1);
    domain.addUser('both', { password: 'p', attributes: { userAccountControl: '514', accountExpires: past, pwdLastSet: '0' } });
    assert.equal(await signIn('fabrikam\\both', 'p', own), '533');
    domain.addUser('old', { password: 'p', attributes: { accountExpires: past, pwdLastSet: '0' } });
    assert.equal(await signIn('fabrikam\\old', 'p', own), '701');
    // Sunday from 9 to 10 in UTC is the tenth bit.
    domain.addUser('sunday', { password: 'p', attributes: { logonHours: Buffer.concat([Buffer.from([0, 2]), Buffer.alloc(19)]) } });
    assert.equal(await signIn('fabrikam\\sunday', 'p', own), 'u:FABRIKAM\\sunday');
    now += 3_600_000;
    assert.equal(await signIn('fabrikam\\sunday', 'p', own), '530');
    domain.addUser('kept', { password: 'p', attributes: { userAccountControl: String(512 | 0x10000), pwdLastSet: '0' } });
    now += 400 * 86_400_000;
    assert.equal(await signIn('fabrikam\\kept', 'p', own), 'u:FABRIKAM\\kept');
    domain.addUser('no-password');
    assert.equal(await signIn('fabrikam\\no-password', 'undefined', own), '52e');
  } finally {
    await own.stop();
  }
});

test('an account that newly requires a smart card has an unknown password until one is set', async () => {
  const own = await startDirectory({ domain: createDomain(), insecurePasswordChanges: true });
  try {
    const { dn } = own.domain.addUser('eve', { password: 'Right-1' });
    assert.equal(await signIn(dn, 'Right-1', own), 'u:FABRIKAM\\eve');
    await using admin = await bound(own);
    await admin.client.modify(dn, [new Change({ operation: 'replace', modification: attribute('userAccountControl', String(0x40200)) })]);
    assert.equal(await signIn(dn, 'Right-1', own), '52e');
    const password = Buffer.from('"New-Right-1"', 'utf16le');
    await admin.client.modify(dn, [new Change({ operation: 'replace', modification: attribute('unicodePwd', password) })]);
    assert.equal(await signIn(dn, 'New-Right-1', own), 'u:FABRIKAM\\eve');
  } finally {
    await own.stop();
  }
});
