import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls';
import { createCertificateAuthority, createSelfSigned, type KeyPair } from './certificates.ts';

/** Offers the certificate on a real socket and returns the error of a client that trusts `ca`. */
async function verdict(pair: KeyPair, ca: string, servername = 'ldap.example.org'): Promise<string> {
  const server = createServer({ cert: pair.cert, key: pair.key }, (socket: TLSSocket) => socket.end());
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connectTls({ socket: connect(port, '127.0.0.1'), servername, ca });
  try {
    await once(client, 'secureConnect');
    return 'trusted';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  } finally {
    client.destroy();
    server.close();
  }
}

test('a client that trusts the authority accepts its certificates for the names in them', async () => {
  const authority = await createCertificateAuthority();
  const pair = await authority.issue({ commonName: 'ldap', dnsNames: ['ldap.example.org'], ips: ['127.0.0.1'] });
  assert.equal(await verdict(pair, authority.cert), 'trusted');
  assert.equal(await verdict(pair, authority.cert, 'other.example.org'), 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.match(new X509Certificate(pair.cert).subjectAltName ?? '', /IP Address:127\.0\.0\.1/);
});

test('expired, foreign and self-signed certificates are rejected with distinct errors', async () => {
  const authority = await createCertificateAuthority();
  const names = { commonName: 'ldap', dnsNames: ['ldap.example.org'] };
  assert.equal(
    await verdict(await authority.issue({ ...names, notAfter: new Date(Date.now() - 1000) }), authority.cert),
    'CERT_HAS_EXPIRED',
  );
  const namesake = await createCertificateAuthority();
  assert.notEqual(await verdict(await namesake.issue(names), authority.cert), 'trusted');
  assert.equal(await verdict(await createSelfSigned(names), authority.cert), 'DEPTH_ZERO_SELF_SIGNED_CERT');
});
