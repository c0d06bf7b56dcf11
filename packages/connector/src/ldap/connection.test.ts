/** One connection to servers and over networks that misbehave. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { type Asked, entry, type LdapServer, pageDone, result, startLdapServer } from '../../test/ldap-server.ts';
import { connect, serverAddress } from './connect.ts';
import type { LdapConnection } from './connection.ts';
import { allTexts, firstText } from './entry.ts';
import { LdapError, type LdapErrorCode } from './errors.ts';
import { parseFilter, withValue } from './filter.ts';
import type { SearchRequest } from './messages.ts';

const REQUEST: SearchRequest = { searchBase: 'dc=x', scope: 'sub', filter: withValue(parseFilter('(cn={0})'), 'a'), attributes: ['*'] };
const NO_TLS = { ca: undefined, insecureSkipVerify: false };

let server: LdapServer | undefined;
let connection: LdapConnection | undefined;
afterEach(async () => {
  connection?.close();
  await server?.close();
  server = connection = undefined;
});

async function connected(onAsked: (asked: Asked) => void): Promise<{ server: LdapServer; connection: LdapConnection }> {
  server = await startLdapServer(onAsked);
  connection = await connect({ address: serverAddress(server.url, 'none'), tls: NO_TLS, timeoutMs: 5000 });
  return { server, connection };
}

const hasCode = (code: LdapErrorCode) => (error: unknown) => error instanceof LdapError && error.code === code;

describe('an LDAP connection', () => {
  it('carries many concurrent operations and tells their responses apart', async () => {
    const waiting: Asked[] = [];
    const { connection } = await connected((asked) => {
      waiting.push(asked);
      // Responses come in reverse order, all in one chunk.
      if (waiting.length === 50) {
        const pieces = waiting.reverse().flatMap(({ messageId }) => [entry(messageId, `cn=${messageId}`), result(messageId, 0x65)]);
        asked.socket.write(Buffer.concat(pieces));
      }
    });
    const found = await Promise.all(Array.from({ length: 50 }, () => connection.search(REQUEST, { timeoutMs: 5000 })));
    assert.deepEqual(
      found.map(({ entries }) => entries.map(({ dn }) => dn)),
      Array.from({ length: 50 }, (_, i) => [`cn=${i + 1}`]),
    );
    assert.equal(connection.inFlight, 0);
  });

  it('reads messages byte by byte, and tens of thousands in one chunk', async () => {
    const { connection } = await connected(({ messageId, socket }) => {
      if (messageId === 1)
        for (const byte of Buffer.concat([entry(1, 'cn=a', { cn: ['ü'] }), result(1, 0x65)])) socket.write(Buffer.of(byte));
      else socket.write(Buffer.concat([...Array.from({ length: 20_000 }, (_, i) => entry(messageId, `cn=${i}`)), result(messageId, 0x65)]));
    });
    const slow = await connection.search(REQUEST, { timeoutMs: 5000 });
    assert.equal(slow.entries[0] && firstText(slow.entries[0], 'CN'), 'ü');
    assert.equal((await connection.search(REQUEST, { timeoutMs: 20_000 })).entries.length, 20_000);
  });

  it('abandons a search at its deadline or when it is cancelled, and continues the others', async () => {
    const { server, connection } = await connected(({ messageId, operation, socket }) => {
      if (operation === 0x63 && messageId === 3) socket.write(result(messageId, 0x65));
    });
    const controller = new AbortController();
    const timedOut = assert.rejects(connection.search(REQUEST, { timeoutMs: 50 }), hasCode('LDAP_TIMEOUT'));
    const aborted = assert.rejects(connection.search(REQUEST, { timeoutMs: 5000, signal: controller.signal }), hasCode('LDAP_ABORTED'));
    const answered = connection.search(REQUEST, { timeoutMs: 5000 });
    controller.abort();
    await Promise.all([timedOut, aborted, answered]);
    // Both abandons have arrived when a later request is answered.
    await assert.rejects(connection.search(REQUEST, { timeoutMs: 50 }), hasCode('LDAP_TIMEOUT'));
    assert.deepEqual(server.asked.filter(({ operation }) => operation === 0x50).length >= 2, true);
    assert.equal(connection.closedBecause, undefined);
  });

  it('ignores the response to an abandoned search', async () => {
    const { connection } = await connected(({ messageId, operation, socket }) => {
      if (operation === 0x50) socket.write(Buffer.concat([entry(1, 'cn=late'), result(1, 0x65)]));
      else if (messageId > 2) socket.write(Buffer.concat([entry(messageId, 'cn=mine'), result(messageId, 0x65)]));
    });
    await assert.rejects(connection.search(REQUEST, { timeoutMs: 30 }), hasCode('LDAP_TIMEOUT'));
    const { entries } = await connection.search(REQUEST, { timeoutMs: 5000 });
    assert.deepEqual(
      entries.map(({ dn }) => dn),
      ['cn=mine'],
    );
  });

  it('closes after a bind without a response, since a bind cannot be abandoned', async () => {
    const { server, connection } = await connected(() => {});
    await assert.rejects(connection.bind('cn=a', 'secret', { timeoutMs: 50 }), hasCode('LDAP_TIMEOUT'));
    assert.ok(connection.closedBecause);
    assert.equal(
      server.asked.some(({ operation }) => operation === 0x50),
      false,
    );
    await assert.rejects(connection.search(REQUEST, { timeoutMs: 50 }), hasCode('LDAP_CONNECTION_LOST'));
  });

  it('sends no empty password', async () => {
    const { server, connection } = await connected(() => {});
    await assert.rejects(connection.bind('cn=a', '', { timeoutMs: 50 }), TypeError);
    assert.equal(server.asked.length, 0);
  });

  it('fails operations in flight when the server goes away, and says whether they may have been sent', async () => {
    const { connection } = await connected(({ socket }) => socket.destroy());
    await assert.rejects(
      connection.search(REQUEST, { timeoutMs: 5000 }),
      (error) => hasCode('LDAP_CONNECTION_LOST')(error) && error instanceof LdapError && error.mayHaveBeenSent,
    );
    await assert.rejects(
      connection.bind('cn=a', 'x', { timeoutMs: 5000 }),
      (error) => error instanceof LdapError && !error.mayHaveBeenSent,
    );
  });

  it('ends with a notice of disconnection and reports its text', async () => {
    const { connection } = await connected(({ socket }) => socket.write(result(0, 0x78, 52, 'going down')));
    await assert.rejects(connection.search(REQUEST, { timeoutMs: 5000 }), /going down/);
  });

  const hostile: [string, Buffer][] = [
    ['something that is not LDAP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a message of four gigabytes', Buffer.from('3084ffffffff', 'hex')],
    ['an indefinite length', Buffer.from('308002010165800000', 'hex')],
    ['a length of eight bytes', Buffer.from('30880000000000000010', 'hex')],
    ['an element longer than its message', Buffer.from('300a020101650a0a0100047f', 'hex')],
    ['an entry whose values never end', Buffer.from('301002010164847fffffff04010030003100', 'hex')],
    ['a result without a code', Buffer.from('30050201016500', 'hex')],
    ['an operation that servers do not send', Buffer.from('30050201016300', 'hex')],
    ['a message number of nine bytes', Buffer.from('300d0209010101010101010101650100', 'hex')],
  ];
  for (const [what, bytes] of hostile) {
    it(`fails if the server sends ${what}`, async () => {
      const { connection } = await connected(({ socket }) => socket.write(bytes));
      await assert.rejects(connection.search(REQUEST, { timeoutMs: 5000 }), hasCode('LDAP_PROTOCOL'));
      assert.ok(connection.closedBecause);
    });
  }

  it('rejects an entry with millions of values, and a search with endless empty pages', async () => {
    const { connection } = await connected(({ messageId, socket }) =>
      socket.write(entry(messageId, 'cn=a', { cn: new Array(250_000).fill('') })),
    );
    await assert.rejects(connection.search(REQUEST, { timeoutMs: 20_000 }), hasCode('LDAP_PROTOCOL'));
    const endless = await startLdapServer(({ messageId, socket, operation }) => {
      if (operation === 0x63) socket.write(pageDone(messageId, 'more'));
    });
    const paging = await connect({ address: serverAddress(endless.url, 'none'), tls: NO_TLS, timeoutMs: 5000 });
    await assert.rejects(paging.search({ ...REQUEST, pageSize: 10 }, { timeoutMs: 100 }), hasCode('LDAP_TIMEOUT'));
    paging.close();
    await endless.close();
  });

  it('drops secret attributes', async () => {
    const { connection } = await connected(({ messageId, socket }) => {
      const attributes = {
        cn: ['a'],
        userPassword: ['{SSHA}hash'],
        'unicodePwd;x-test': ['hash'],
        sambaNTPassword: ['hash'],
        sn: ['b', 'c'],
      };
      socket.write(Buffer.concat([entry(messageId, 'cn=a', attributes), result(messageId, 0x65)]));
    });
    const { entries } = await connection.search(REQUEST, { timeoutMs: 5000 });
    assert.deepEqual([...(entries[0]?.attributes.keys() ?? [])], ['cn', 'sn']);
    assert.deepEqual(entries[0] && allTexts(entries[0], 'sn'), ['b', 'c']);
  });

  it('starts TLS only if no unencrypted bytes are left', async () => {
    server = await startLdapServer(({ messageId, socket }) => {
      socket.write(Buffer.concat([result(messageId, 0x78), Buffer.from('30')]));
    });
    await assert.rejects(
      connect({ address: serverAddress(server.url, 'starttls'), tls: NO_TLS, timeoutMs: 5000 }),
      hasCode('LDAP_PROTOCOL'),
    );
  });

  it('does not start TLS if a whole message follows the response to StartTLS', async () => {
    server = await startLdapServer(({ messageId, socket }) => {
      socket.write(Buffer.concat([result(messageId, 0x78), result(messageId + 1, 0x61)]));
    });
    await assert.rejects(
      connect({ address: serverAddress(server.url, 'starttls'), tls: NO_TLS, timeoutMs: 5000 }),
      hasCode('LDAP_PROTOCOL'),
    );
  });

  it('sends nothing in clear text after StartTLS is refused', async () => {
    server = await startLdapServer(({ messageId, socket }) => socket.write(result(messageId, 0x78, 2, 'unsupported')));
    await assert.rejects(
      connect({ address: serverAddress(server.url, 'starttls'), tls: NO_TLS, timeoutMs: 5000 }),
      hasCode('LDAP_TLS_FAILED'),
    );
    assert.deepEqual(
      server.asked.map(({ operation }) => operation).filter((operation) => operation !== 0x42),
      [0x77],
    );
  });

  it('gives up on a server that accepts connections but never answers', async () => {
    server = await startLdapServer(() => {});
    await assert.rejects(
      connect({ address: serverAddress(server.url.replace('ldap:', 'ldaps:'), 'none'), tls: NO_TLS, timeoutMs: 100 }),
      hasCode('LDAP_TLS_FAILED'),
    );
    const [socket] = server.sockets;
    if (socket !== undefined) await once(socket, 'close');
  });

  it('names the server that it could not connect to', async () => {
    const gone = await startLdapServer(() => {});
    await gone.close();
    await assert.rejects(
      connect({ address: serverAddress(gone.url, 'none'), tls: NO_TLS, timeoutMs: 5000 }),
      (error) => hasCode('LDAP_UNREACHABLE')(error) && String(error).includes(gone.url),
    );
  });
});
