/** Each way in which TLS with a directory server can fail, over real sockets with real certificates. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import tls from 'node:tls';
import { type CertificateAuthority, createCertificateAuthority, createSelfSigned, type KeyPair } from '@landbridge/lab';
import { startLdapServer } from '../../test/ldap-server.ts';
import { connect, serverAddress } from './connect.ts';
import { LdapError, type LdapErrorCode } from './errors.ts';
import { ROOT_DSE_REQUEST } from './root-dse.ts';

let authority: CertificateAuthority;
let stranger: CertificateAuthority;
const servers: net.Server[] = [];

before(async () => {
  [authority, stranger] = await Promise.all([createCertificateAuthority('ours'), createCertificateAuthority('strange')]);
});
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  for (const server of servers.splice(0)) server.close();
});
after(() => {});

const DAY_MS = 86_400_000;
const ours = (over: object = {}) => authority.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'], ...over });

async function listening(server: net.Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

async function tlsServer({ cert, key }: KeyPair, options: tls.TlsOptions = {}): Promise<string> {
  const server = tls.createServer({ cert, key, ...options }, (socket) => socket.on('error', () => {}));
  server.on('tlsClientError', () => {});
  return `ldaps://localhost:${await listening(server)}`;
}

const open = (url: string, transport: 'starttls' | 'none' = 'none') =>
  connect({ address: serverAddress(url, transport), tls: { ca: [authority.cert], insecureSkipVerify: false }, timeoutMs: 10_000 });

const says =
  (text: RegExp, code: LdapErrorCode = 'LDAP_TLS_FAILED') =>
  (error: unknown) => {
    assert.ok(error instanceof LdapError);
    assert.equal(error.code, code, `${error.message}: ${error.cause}`);
    assert.match(error.message, text, `${error.cause}`);
    assert.ok(error.action);
    return true;
  };

describe('TLS with a directory server', () => {
  it('succeeds with a trusted certificate for this name or address', async () => {
    const url = await tlsServer(await ours());
    for (const one of [url, url.replace('localhost', '127.0.0.1')]) {
      const connection = await open(one);
      assert.equal(connection.encrypted, true);
      connection.close();
    }
  });

  it('sends the host name (SNI)', async () => {
    let asked: string | undefined;
    const url = await tlsServer(await ours(), {
      SNICallback: (name, callback) => {
        asked = name;
        callback(null, undefined);
      },
    });
    (await open(url)).close();
    assert.equal(asked, 'localhost');
  });

  const cases: [string, RegExp, () => Promise<KeyPair>][] = [
    ['its issuer is unknown', /issued by an unknown authority/, () => stranger.issue({ commonName: 'localhost', dnsNames: ['localhost'] })],
    [
      'it has expired',
      /has expired/,
      () => ours({ notBefore: new Date(Date.now() - 9 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) }),
    ],
    ['it is not valid yet', /not valid yet/, () => ours({ notBefore: new Date(Date.now() + DAY_MS) })],
    ['it is for another name', /another host name/, () => ours({ dnsNames: ['dc1.fabrikam.local'], ips: [] })],
    ['it is self-signed', /self-signed/, () => createSelfSigned({ commonName: 'localhost', dnsNames: ['localhost'] })],
    ['it is meant for a client', /not meant for servers/, () => ours({ clientAuth: true })],
    [
      'its chain ends in an authority that is not trusted',
      /ends in an untrusted authority/,
      async () => {
        const pair = await stranger.issue({ commonName: 'localhost', dnsNames: ['localhost'] });
        return { key: pair.key, cert: `${pair.cert}${stranger.cert}` };
      },
    ],
  ];
  for (const [why, sentence, pair] of cases) {
    it(`explains why a certificate is rejected: ${why}`, async () => {
      await assert.rejects(open(await tlsServer(await pair())), says(sentence));
    });
  }

  it('reports a server whose TLS is too old', async () => {
    const url = await tlsServer(await ours(), { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    await assert.rejects(open(url), says(/does not support TLS 1\.2/));
  });

  it('reports a port that answers in plain text, and a server that hangs up', async () => {
    const http = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    await assert.rejects(open(`ldaps://localhost:${await listening(http)}`), says(/not with TLS/));
    const silent = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.destroy());
    });
    await assert.rejects(open(`ldaps://localhost:${await listening(silent)}`), says(/hung up|handshake failed/));
  });

  it('reports a port that unexpectedly speaks TLS', async () => {
    const plain = (await tlsServer(await ours())).replace('ldaps:', 'ldap:');
    const connection = await open(plain);
    await assert.rejects(connection.search(ROOT_DSE_REQUEST, { timeoutMs: 10_000 }), (error) => {
      assert.ok(error instanceof LdapError && ['LDAP_PROTOCOL', 'LDAP_CONNECTION_LOST'].includes(error.code));
      return true;
    });
    await assert.rejects(open(plain, 'starttls'), (error) => error instanceof LdapError && /ldaps:\/\//.test(error.action ?? ''));
    const alert = await startLdapServer(({ socket }) => socket.write(Buffer.from('15030300020246', 'hex')));
    closing.push(alert.close);
    const answered = await open(alert.url);
    await assert.rejects(answered.search(ROOT_DSE_REQUEST, { timeoutMs: 10_000 }), says(/speaks TLS where plain LDAP/, 'LDAP_PROTOCOL'));
  });
});
