import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { createCertificateAuthority } from '@landbridge/lab';
import fc from 'fast-check';
import { bindMessage, bound, element, message, presence, rawConnection, searchMessage } from '../test/clients.ts';
import { createFabrikam, type DirectoryServer, startDirectory } from './index.ts';
import { readRequest } from './requests.ts';

const EXTENDED_RESPONSE = 0x78;

let directory: DirectoryServer;
/** Rejects after a time. */
let impatient: DirectoryServer;

before(async () => {
  const { domain } = createFabrikam();
  for (let number = 0; number < 3000; number++) domain.addUser(`u${number}`);
  const authority = await createCertificateAuthority();
  const tls = await authority.issue({ commonName: 'dc1', ips: ['127.0.0.1'] });
  directory = await startDirectory({ domain, tls, maxConnections: 50 });
  impatient = await startDirectory({ tls, receiveTimeoutMs: 300 });
});
after(() => Promise.all([directory.stop(), impatient.stop()]));

afterEach(async () => {
  // The next client is served regardless.
  await using client = await bound(directory);
  assert.equal((await client.find('(cn=alice)')).length, 1);
});

/** Sends bytes and expects a notice of disconnection, then the end of the connection. */
async function isThrownOut(bytes: Buffer): Promise<void> {
  using raw = await rawConnection(directory);
  raw.socket.write(bytes);
  const notice = await raw.answer();
  assert.deepEqual([notice?.messageId, notice?.tag], [0, EXTENDED_RESPONSE]);
  assert.ok(notice?.message.includes('1.3.6.1.4.1.1466.20036'));
  await raw.closed;
}

test('bytes that are not LDAP end the connection with a notice', async (t) => {
  for (const [what, bytes] of Object.entries({
    HTTP: Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    'a TLS handshake': Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]),
    'an excessive length': Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]),
    'the longest length': Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
    'an indefinite length': Buffer.from([0x30, 0x80]),
    'random bytes': element(0x30, randomBytes(50)),
  })) {
    await t.test(what, () => isThrownOut(bytes));
  }
});

test('messages that are not requests end the connection with a notice', async (t) => {
  const bind = (...parts: Buffer[]) => message(1, element(0x60, ...parts));
  const three = element(0x02, Buffer.from([3]));
  for (const [what, bytes] of Object.entries({
    'an empty message': element(0x30),
    'message number 0': message(0, element(0x42)),
    'a negative message number': message(255, element(0x42)),
    'a message number of five bytes': element(0x30, element(0x02, randomBytes(5)), element(0x42)),
    'a message number without bytes': element(0x30, element(0x02), element(0x42)),
    'an unknown operation': message(1, element(0x7e)),
    'a response': message(1, element(0x65, element(0x0a, Buffer.from([0])), element(0x04), element(0x04))),
    'a bind of LDAP version 2': bind(element(0x02, Buffer.from([2])), element(0x04), element(0x80)),
    'a bind without a name': bind(three),
    'a name that is longer than the message': bind(three, Buffer.from([0x04, 0x84, 0x00, 0x10, 0x00, 0x00])),
    'an unknown scope': message(1, element(0x63, element(0x04), element(0x0a, Buffer.from([7])))),
    'a length that points back to itself if read as a signed number': message(
      1,
      element(0x66, element(0x04, 'x'), element(0x30, Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xfa]))),
    ),
    'an unknown filter': searchMessage(1, '', element(0xaf, element(0x04, 'cn'))),
    'an empty "not"': searchMessage(1, '', element(0xa2)),
    'an empty control': message(1, element(0x42), element(0xa0, element(0x30))),
    'an unknown change': message(1, element(0x66, element(0x04, 'x'), element(0x30, element(0x30, element(0x0a, Buffer.from([9])))))),
  })) {
    await t.test(what, () => isThrownOut(bytes));
  }
});

test('rejects a filter nested a hundred thousand times without crashing', async () => {
  let filter = presence('cn');
  // A copy per level, from the inside out, would be as slow as the attack must not be.
  const levels = 100_000;
  const header = Buffer.alloc(6 * levels);
  let length = filter.length;
  for (let level = levels - 1; level >= 0; level--) {
    header.set([0xa2, 0x84], 6 * level);
    header.writeUInt32BE(length, 6 * level + 2);
    length += 6;
  }
  filter = Buffer.concat([header, filter]);
  await isThrownOut(searchMessage(1, '', filter));
});

test('times out on half a message, a silent TLS handshake and trickling bytes', async () => {
  using half = await rawConnection(impatient);
  half.socket.write(bindMessage(1, 'x', 'y').subarray(0, 8));
  await half.closed;
  using trickle = await rawConnection(impatient);
  trickle.socket.write(Buffer.from([0x30, 0x83, 0x00, 0xff, 0xff]));
  const timer = setInterval(() => trickle.socket.write('x'), 50);
  await trickle.closed.finally(() => clearInterval(timer));
  using handshake = await rawConnection({ ...impatient, url: impatient.ldapsUrl ?? '' });
  await handshake.closed;
});

test('keeps an idle connection open', async () => {
  using idle = await rawConnection(impatient);
  using half = await rawConnection(impatient);
  half.socket.write(Buffer.from([0x30]));
  await half.closed;
  idle.socket.write(bindMessage(1, '', ''));
  assert.equal((await idle.answer())?.messageId, 1);
});

test('garbage on the TLS port and a client that does not trust the certificate affect no other client', async () => {
  using garbage = await rawConnection({ ...directory, url: directory.ldapsUrl ?? '' });
  garbage.socket.write(randomBytes(200));
  await garbage.closed;
  const distrusting = connectTls({ port: Number(new URL(directory.ldapsUrl ?? '').port), host: '127.0.0.1' });
  await assert.rejects(new Promise((_, reject) => distrusting.once('error', reject)));
});

test('throttles a client that asks a lot and reads nothing, without delaying other clients', async () => {
  using greedy = await rawConnection(directory);
  greedy.socket.write(bindMessage(1, directory.serviceAccount.dn, directory.serviceAccount.password));
  await greedy.answer();
  greedy.socket.pause();
  const before = directory.operations.counts.search;
  for (let number = 0; number < 2000; number++) {
    greedy.socket.write(
      element(
        0x30,
        element(0x02, Buffer.from([1, number >> 8, number & 255])),
        searchMessage(1, directory.baseDn, presence('cn')).subarray(9),
      ),
    );
  }
  await using client = await bound(directory);
  for (let round = 0; round < 20; round++) assert.equal((await client.find('(cn=alice)')).length, 1);
  // Each search returns a thousand entries, and unread ones hold back the rest.
  assert.ok(directory.operations.counts.search - before < 300, String(directory.operations.counts.search - before));
});

test('an expensive search does not block other searches', async () => {
  using slow = await rawConnection(directory);
  slow.socket.write(bindMessage(1, directory.serviceAccount.dn, directory.serviceAccount.password));
  await slow.answer();
  const part = element(0xa4, element(0x04, 'displayName'), element(0x30, element(0x81, 'zz')));
  slow.socket.write(searchMessage(2, directory.baseDn, element(0xa1, ...Array.from({ length: 20_000 }, () => part))));
  await using client = await bound(directory);
  assert.equal((await client.find('(cn=alice)')).length, 1);
  assert.equal((await Promise.race([slow.answer(), client.find('(cn=bob)').then(() => 'still searching')])) ?? 'closed', 'still searching');
});

test('closes connections beyond the limit', async () => {
  while (directory.connections > 0) await new Promise(setImmediate);
  const open = await Promise.all(Array.from({ length: 60 }, () => rawConnection(directory)));
  let ended = 0;
  await new Promise<void>((resolve) => {
    for (const { closed } of open) void closed.then(() => ++ended === 10 && resolve());
  });
  assert.equal(directory.connections, 50);
  for (const connection of open) connection[Symbol.dispose]();
  while (directory.connections > 0) await new Promise(setImmediate);
});

test('mutated requests are either parsed or rejected as malformed', () => {
  const entries = [
    bindMessage(1, 'cn=x', 'y'),
    searchMessage(1, 'dc=x', element(0xa0, presence('cn'), element(0xa3, element(0x04, 'a'), element(0x04, 'b')))),
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...entries),
      fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (bytes, changes) => {
        const changed = Buffer.from(bytes);
        for (const [at, value] of changes) changed[at % changed.length] = value;
        try {
          assert.ok(readRequest(changed).messageId > 0);
        } catch (error) {
          assert.ok(error instanceof Error && ['Error', 'InvalidAsn1Error'].includes(error.name), String(error));
        }
      },
    ),
    { numRuns: 10_000 },
  );
});
