import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createCertificateAuthority } from '@landbridge/lab';
import { Attribute, Change, Client } from 'ldapts';
import { bound, openldap } from '../test/clients.ts';
import { type DirectoryServer, startDirectory } from './index.ts';

const ALICE = 'CN=alice,OU=People,OU=Lab,DC=fabrikam,DC=local';
const LOCKED = 'CN=locked,OU=People,OU=Lab,DC=fabrikam,DC=local';

let directory: DirectoryServer;
let ca: string;

before(async () => {
  const authority = await createCertificateAuthority();
  ca = authority.cert;
  directory = await startDirectory({ tls: await authority.issue({ commonName: 'dc1', ips: ['127.0.0.1'] }) });
});
after(() => directory.stop());

const change = (operation: 'add' | 'delete' | 'replace', type: string, ...values: (string | Buffer)[]) =>
  new Change({ operation, modification: new Attribute({ type, values: values.map((value) => Buffer.from(value)) }) });
const quoted = (password: string) => Buffer.from(`"${password}"`, 'utf16le');

/** Binds over LDAPS or unencrypted, as the service account by default, and makes the changes. */
async function modify(dn: string, changes: Change[], { user = '', password = '', clear = false } = {}): Promise<void> {
  const client = new Client(clear ? { url: directory.url } : { url: directory.ldapsUrl ?? '', tlsOptions: { ca } });
  try {
    await client.bind(user || directory.serviceAccount.dn, password || directory.serviceAccount.password);
    await client.modify(dn, changes);
  } finally {
    await client.unbind();
  }
}

async function canSignIn(dn: string, password: string): Promise<boolean> {
  return (await openldap('ldapwhoami', directory.url, ['-D', dn, '-w', password])).code === 0;
}

test('a service account resets a password over TLS, and only to one that meets the policy', async () => {
  const person = directory.domain.addUser('resettable', { password: 'Old-Passw0rd' });
  await assert.rejects(modify(person.dn, [change('replace', 'unicodePwd', quoted('New-Passw0rd'))], { clear: true }), {
    code: 53,
    message: /0000001F/,
  });
  await assert.rejects(modify(person.dn, [change('replace', 'unicodePwd', quoted('short'))]), {
    code: 53,
    message: /0000052D.*WILL_NOT_PERFORM/,
  });
  await assert.rejects(modify(person.dn, [change('replace', 'unicodePwd', quoted('Resettable-1'))]), { code: 53, message: /0000052D/ });
  for (const notQuoted of ['New-Passw0rd', '"New-Passw0rd"', Buffer.from('New-Passw0rd', 'utf16le'), '"']) {
    await assert.rejects(modify(person.dn, [change('replace', 'unicodePwd', notQuoted)]), { code: 53, message: /0000001F/ });
  }
  assert.ok(await canSignIn(person.dn, 'Old-Passw0rd'));
  await modify(person.dn, [change('replace', 'unicodePwd', quoted('New "Pässw0rd"'))]);
  assert.deepEqual([await canSignIn(person.dn, 'New "Pässw0rd"'), await canSignIn(person.dn, 'Old-Passw0rd')], [true, false]);
});

test('a user changes their own password with the old one, and cannot reset passwords', async () => {
  const person = directory.domain.addUser('changer', { password: 'Old-Passw0rd' });
  const self = { user: person.dn, password: 'Old-Passw0rd' };
  const change2 = (before: string, after: string) => [
    change('delete', 'unicodePwd', quoted(before)),
    change('add', 'unicodePwd', quoted(after)),
  ];
  await assert.rejects(modify(person.dn, change2('Wrong-Passw0rd', 'New-Passw0rd'), self), {
    code: 19,
    message: /00000056.*CONSTRAINT_ATT_TYPE/s,
  });
  assert.equal(directory.badPwdCount('changer'), 1);
  await assert.rejects(modify(person.dn, change2('Old-Passw0rd', 'weak'), self), { code: 19, message: /0000052D/ });
  await assert.rejects(modify(ALICE, [change('replace', 'unicodePwd', quoted('New-Passw0rd'))], self), {
    code: 50,
    message: /INSUFF_ACCESS_RIGHTS/,
  });
  await assert.rejects(modify(ALICE, [change('replace', 'title', 'CEO')], self), { code: 50 });
  await modify(person.dn, change2('Old-Passw0rd', 'New-Passw0rd'), self);
  assert.ok(await canSignIn(person.dn, 'New-Passw0rd'));
});

test('guessing passwords through changes locks the account', async () => {
  const person = directory.domain.addUser('attacked', { password: 'Old-Passw0rd' });
  for (let tries = 0; tries < 5; tries++) {
    const changes = [change('delete', 'unicodePwd', quoted(`Guess-${tries}`)), change('add', 'unicodePwd', quoted('Mine-Passw0rd'))];
    await assert.rejects(modify(person.dn, changes), { code: 19 });
  }
  const right = [change('delete', 'unicodePwd', quoted('Old-Passw0rd')), change('add', 'unicodePwd', quoted('Mine-Passw0rd'))];
  await assert.rejects(modify(person.dn, right), { code: 19, message: /00000775/ });
});

test('a lock and "must change" are changed only by their special values', async () => {
  assert.equal(await canSignIn(LOCKED, 'Passw0rd!'), false);
  const input = `dn: ${LOCKED}\nchangetype: modify\nreplace: lockoutTime\nlockoutTime: 0\n`;
  const { code, stderr } = await openldap(
    'ldapmodify',
    directory.url,
    ['-D', directory.serviceAccount.dn, '-w', directory.serviceAccount.password],
    { input },
  );
  assert.equal(code, 0, stderr);
  assert.equal(await canSignIn(LOCKED, 'Passw0rd!'), true);
  await modify(LOCKED, [change('replace', 'pwdLastSet', '0')]);
  assert.equal(await canSignIn(LOCKED, 'Passw0rd!'), false);
  await modify(LOCKED, [change('replace', 'pwdLastSet', '-1')]);
  assert.equal(await canSignIn(LOCKED, 'Passw0rd!'), true);
  await assert.rejects(modify(LOCKED, [change('replace', 'lockoutTime', '1')]), { code: 53 });
  await assert.rejects(modify(LOCKED, [change('replace', 'pwdLastSet', '133000000000000000')]), { code: 53 });
});

test('attributes and members are written and found, all of a request or nothing', async (t) => {
  await using reader = await bound(directory);
  const person = directory.domain.addUser('written', { attributes: { title: 'Engineer' } });
  const sales = 'CN=sales,OU=Groups,OU=Lab,DC=fabrikam,DC=local';
  await modify(person.dn, [change('replace', 'title', 'Architect'), change('add', 'proxyAddresses', 'smtp:a@b', 'smtp:c@d')]);
  await modify(sales, [change('add', 'member', person.dn)]);
  assert.deepEqual(await reader.names('(&(title=ARCHITECT)(proxyAddresses=smtp:C@d))'), ['written']);
  assert.deepEqual(await reader.names(`(memberOf=${sales})`), ['bob', 'written']);
  await modify(person.dn, [change('delete', 'proxyAddresses', 'smtp:A@b'), change('delete', 'title')]);
  assert.deepEqual(await reader.names('(|(title=architect)(proxyAddresses=smtp:a@b))'), []);
  await modify(sales, [change('delete', 'member', person.dn)]);

  const refused: [code: number, changes: Change[]][] = [
    [16, [change('delete', 'title')]],
    [16, [change('delete', 'proxyAddresses', 'smtp:x@y')]],
    [20, [change('add', 'proxyAddresses', 'SMTP:C@D')]],
    [19, [change('replace', 'memberOf', sales)]],
    [19, [change('replace', 'objectSid', 'S-1-5-32-544')]],
    [19, [change('replace', 'userAccountControl', 'no number')]],
    [32, [change('add', 'member', 'CN=nobody,DC=fabrikam,DC=local')]],
  ];
  for (const [code, changes] of refused) {
    const what = changes.map(({ operation, modification }) => `${operation} ${modification.type}`).join();
    await t.test(`rejects ${what} with ${code}`, () =>
      assert.rejects(modify(person.dn, [change('replace', 'department', 'Half done'), ...changes]), { code }),
    );
  }
  assert.deepEqual(await reader.names('(department=half done)'), []);
  await assert.rejects(modify('CN=nobody,DC=fabrikam,DC=local', [change('replace', 'title', 'x')]), { code: 32 });
});

test('rejects changes by an anonymous client, and unsupported operations with their own response', async () => {
  const client = new Client({ url: directory.url });
  await assert.rejects(client.modify(ALICE, change('replace', 'title', 'x')), { code: 1 });
  await client.bind(directory.serviceAccount.dn, directory.serviceAccount.password);
  await assert.rejects(client.del(ALICE), { code: 53 });
  await assert.rejects(client.add(`CN=new,${directory.baseDn}`, { objectClass: 'user' }), { code: 53 });
  await assert.rejects(client.compare(ALICE, 'cn', 'alice'), { code: 53 });
  await assert.rejects(client.modifyDN(ALICE, 'CN=x'), { code: 53 });
  await assert.rejects(client.exop('1.2.3.4'), { code: 2 });
  await client.unbind();
});

test('accepts new passwords unencrypted if configured', async () => {
  const own = await startDirectory({ insecurePasswordChanges: true });
  const client = new Client({ url: own.url });
  await client.bind(own.serviceAccount.dn, own.serviceAccount.password);
  await client.modify(ALICE, change('replace', 'unicodePwd', quoted('New-Passw0rd')));
  await client.bind(ALICE, 'New-Passw0rd');
  await client.unbind();
  await own.stop();
});
