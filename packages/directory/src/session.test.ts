import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createCertificateAuthority, type KeyPair } from '@landbridge/lab';
import { Client } from 'ldapts';
import { bindMessage, bound, element, message, openldap, presence, rawConnection, searchMessage } from '../test/clients.ts';
import { type DirectoryServer, startDirectory } from './index.ts';

let ca: string;
let tls: KeyPair;
let directory: DirectoryServer;

const ALICE = 'CN=alice,OU=People,OU=Lab,DC=fabrikam,DC=local';
const BIND_RESPONSE = 0x61;
const SEARCH_DONE = 0x65;
const EXTENDED_RESPONSE = 0x78;
const START_TLS = '1.3.6.1.4.1.1466.20037';

before(async () => {
  const authority = await createCertificateAuthority();
  ca = authority.cert;
  tls = await authority.issue({ commonName: 'dc1', dnsNames: ['localhost'], ips: ['127.0.0.1'] });
  directory = await startDirectory({ tls });
});
after(() => directory.stop());

test('OpenLDAP and ldapts sign in over StartTLS and LDAPS', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'landbridge-directory-'));
  const file = join(folder.path, 'ca.pem');
  await writeFile(file, ca);
  const env = { LDAPTLS_CACERT: file };
  const args = ['-D', ALICE, '-w', 'Passw0rd!'];
  for (const [url, extra] of [
    [directory.url, ['-ZZ']],
    [directory.ldapsUrl ?? '', []],
  ] as const) {
    const { code, stdout, stderr } = await openldap('ldapwhoami', url, [...extra, ...args], { env });
    assert.deepEqual([code, stdout.trim()], [0, 'u:FABRIKAM\\alice'], stderr);
  }
  const client = new Client({ url: directory.url });
  await client.startTLS({ ca });
  await client.bind(ALICE, 'Passw0rd!');
  assert.equal((await client.search(directory.baseDn, { filter: '(cn=bob)' })).searchEntries.length, 1);
  await assert.rejects(client.exop(START_TLS), { code: 1 });
  await client.unbind();
  const { stdout } = await openldap('ldapsearch', directory.url, ['-LLL', '-s', 'base', '-b', '', 'supportedExtension']);
  assert.match(stdout, new RegExp(`^supportedExtension: ${START_TLS}$`, 'm'));
});

test('rejects StartTLS without a certificate, and unencrypted passwords if TLS is required', async () => {
  const plain = await startDirectory();
  const strict = await startDirectory({ tls, requireTls: true });
  try {
    const { code } = await openldap('ldapwhoami', plain.url, ['-ZZ']);
    assert.notEqual(code, 0);
    assert.equal(plain.ldapsUrl, undefined);
    assert.equal((await openldap('ldapwhoami', strict.url, ['-D', ALICE, '-w', 'Passw0rd!'])).code, 8);
    assert.equal(strict.badPwdCount('alice'), 0);
    const client = new Client({ url: strict.url });
    await client.startTLS({ ca });
    await client.bind(ALICE, 'Passw0rd!');
    await client.unbind();
  } finally {
    await plain.stop();
    await strict.stop();
  }
});

test('ignores bytes after StartTLS', async () => {
  using raw = await rawConnection(directory);
  const startTls = message(1, element(0x77, element(0x80, START_TLS)));
  const before = directory.operations.counts.bind;
  raw.socket.write(Buffer.concat([startTls, bindMessage(2, ALICE, 'Passw0rd!')]));
  assert.equal((await raw.answer())?.tag, EXTENDED_RESPONSE);
  await raw.closed;
  assert.equal(directory.operations.counts.bind, before);
});

test('a slow search does not delay others on its connection, and an abandoned one is never answered', async () => {
  using raw = await rawConnection(directory);
  raw.socket.write(bindMessage(1, directory.serviceAccount.dn, directory.serviceAccount.password));
  assert.equal((await raw.answer())?.tag, BIND_RESPONSE);
  const release = directory.faults.add({ on: 'search', does: 'delay', ms: 600_000, times: 1 });
  raw.socket.write(searchMessage(2, ALICE, presence('cn')));
  raw.socket.write(searchMessage(3, 'OU=nobody', presence('cn')));
  assert.equal((await raw.answer())?.messageId, 3);
  raw.socket.write(message(4, element(0x50, Buffer.from([2]))));
  // This bind would wait if the first search were still running.
  raw.socket.write(bindMessage(5, ALICE, 'Passw0rd!'));
  assert.deepEqual([(await raw.answer())?.messageId, directory.operations.counts.abandon], [5, 1]);
  release();
});

test('a bind waits for earlier requests, and later requests wait for the bind', async () => {
  using raw = await rawConnection(directory);
  raw.socket.write(bindMessage(1, directory.serviceAccount.dn, directory.serviceAccount.password));
  await raw.answer();
  const release = directory.faults.add({ on: 'search', does: 'delay', ms: 30, times: 1 });
  raw.socket.write(
    Buffer.concat([
      searchMessage(2, 'OU=nobody,DC=fabrikam,DC=local', presence('cn')),
      bindMessage(3, '', ''),
      searchMessage(4, 'OU=nobody,DC=fabrikam,DC=local', presence('cn')),
    ]),
  );
  const answers = [await raw.answer(), await raw.answer(), await raw.answer()];
  release();
  assert.deepEqual(
    answers.map((answer) => [answer?.messageId, answer?.tag]),
    [
      [2, SEARCH_DONE],
      [3, BIND_RESPONSE],
      [4, SEARCH_DONE],
    ],
  );
  assert.ok(answers[0]?.message.includes('NO_OBJECT'));
  assert.ok(answers[2]?.message.includes('a successful bind must be completed'));
});

test('counts connections and drops them', async () => {
  const own = await startDirectory();
  using raw = await rawConnection(own);
  raw.socket.write(bindMessage(1, '', ''));
  await raw.answer();
  assert.equal(own.connections, 1);
  using leaving = await rawConnection(own);
  leaving.socket.write(message(1, element(0x42)));
  await leaving.closed;
  assert.equal(own.operations.counts.unbind, 1);
  own.dropConnections();
  await raw.closed;
  const client = await bound(own);
  await own.stop();
  assert.equal(own.connections, 0);
  await assert.rejects(client.client.search(own.baseDn, { filter: '(cn=*)' }));
  await client.client.unbind();
});

test('faults affect the chosen operations, up to their limit, until cleared', async () => {
  const own = await startDirectory();
  const { client } = await bound(own);
  const search = () => client.search(own.baseDn, { filter: '(cn=alice)', sizeLimit: 1 });
  try {
    own.faults.add({ on: 'search', does: 'answer', resultCode: 51, times: 2 });
    await assert.rejects(search(), { code: 51 });
    await assert.rejects(search(), { code: 51 });
    assert.equal((await search()).searchEntries.length, 1);
    own.faults.add({ on: 'search', does: 'refer', urls: ['ldap://dc2.fabrikam.local'] });
    await assert.rejects(search(), { code: 10 });
    own.faults.clear();
    own.faults.add({
      on: 'bind',
      does: 'answer',
      resultCode: 52,
      where: (operation) => operation.kind === 'bind' && operation.name === ALICE,
    });
    await assert.rejects(client.bind(ALICE, 'Passw0rd!'), { code: 52 });
    await client.bind(own.serviceAccount.dn, own.serviceAccount.password);
    assert.equal(own.badPwdCount('alice'), 0);

    using silent = await rawConnection(own);
    own.faults.add({ on: 'search', does: 'stay-silent', times: 1 });
    silent.socket.write(searchMessage(1, '', presence('cn')));
    silent.socket.write(bindMessage(2, '', ''));
    assert.equal((await silent.answer())?.messageId, 2);
    own.faults.add({ on: 'bind', does: 'cut-answer', times: 1 });
    let bytes = 0;
    silent.socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    silent.socket.write(bindMessage(3, '', ''));
    assert.equal(await silent.answer(), undefined);
    assert.equal(bytes, 7);
    using dropped = await rawConnection(own);
    own.faults.add({ on: 'search', does: 'disconnect', times: 1 });
    dropped.socket.write(searchMessage(1, '', presence('cn')));
    assert.equal(await dropped.answer(), undefined);
  } finally {
    await client.unbind();
    await own.stop();
  }
});
