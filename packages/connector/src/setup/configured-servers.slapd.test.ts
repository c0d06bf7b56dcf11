/** The certificate that setup and console offer to trust: from a real OpenLDAP, and from servers that send different chains. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { createServer } from 'node:tls';
import { createCertificateAuthority, createSelfSigned, type KeyPair, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { type Config, loadConfig, withChanges } from '../config/load.ts';
import { connect, serverAddress } from '../ldap/connect.ts';
import { trustedCertificates } from '../network/trust.ts';
import { serversOfUnknownIssuers, withTrusted } from './configured-servers.ts';

const LOCAL = { commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] };
const signal = () => AbortSignal.timeout(20_000);

function configOf(t: TestContext, settings: Record<string, unknown>): Config {
  const home = mkdtempSync(join(tmpdir(), 'offered-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  return withChanges(loadConfig(home, {}), settings, {});
}

async function serverWith(t: TestContext, { cert, key }: KeyPair): Promise<string> {
  const server = createServer({ cert, key }, (socket) => socket.on('error', () => {}).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return `ldaps://localhost:${address.port}`;
}

async function accepts(url: string, ca: readonly string[]): Promise<void> {
  const connection = await connect({
    address: serverAddress(url, 'starttls'),
    tls: { ca: trustedCertificates(ca), insecureSkipVerify: false },
    timeoutMs: 5000,
  });
  connection.close();
}

it('offers the certificate of a server whose authority is unknown, over LDAPS and StartTLS, and accepts the server once it is trusted', {
  skip: whyNoSlapd(),
}, async (t) => {
  const slapd = await startSlapd({ users: 1 });
  t.after(() => slapd[Symbol.asyncDispose]());
  const startTls = slapd.url.replace('127.0.0.1', 'localhost');
  const config = configOf(t, { LDAP_URL: [slapd.ldapsUrl, startTls], LDAP_STARTTLS: true });
  const offering = await serversOfUnknownIssuers(config, signal());
  assert.deepEqual(
    offering.map(({ url }) => url),
    [slapd.ldapsUrl, startTls],
  );
  const trusting = withTrusted({ CA_CERT: [] }, offering[0]?.offered ?? assert.fail('nothing is offered'));
  await assert.rejects(accepts(slapd.ldapsUrl, []), /unknown authority|untrusted authority|self-signed/);
  await accepts(slapd.ldapsUrl, trusting);
  assert.deepEqual(await serversOfUnknownIssuers(configOf(t, { LDAP_URL: [slapd.ldapsUrl], CA_CERT: trusting }), signal()), []);
});

it('offers the authority if the server sends it, else the certificate of the server itself', async (t) => {
  const root = await createCertificateAuthority('Fabrikam Root CA');
  const issuing = await root.issueAuthority('Fabrikam Issuing CA');
  const leaf = await issuing.issue(LOCAL);
  const chains: [what: string, KeyPair, subject: string, isAuthority: boolean][] = [
    ['the whole chain', { ...leaf, cert: leaf.cert + issuing.cert + root.cert }, 'CN=Fabrikam Root CA', true],
    ['no root', { ...leaf, cert: leaf.cert + issuing.cert }, 'CN=Fabrikam Issuing CA', true],
    ['only its own certificate', leaf, 'CN=localhost', false],
    ['a self-signed certificate', await createSelfSigned(LOCAL), 'CN=localhost', false],
  ];
  for (const [what, pair, subject, isAuthority] of chains) {
    const url = await serverWith(t, pair);
    const [offering] = await serversOfUnknownIssuers(configOf(t, { LDAP_URL: url }), signal());
    const offered = offering?.offered ?? assert.fail(what);
    assert.equal(offered.subject, subject, what);
    assert.equal(offered.isAuthority, isAuthority, what);
    assert.match(offered.fingerprint, /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/, what);
    assert.ok(offered.isForHost, what);
    await accepts(url, withTrusted({ CA_CERT: [] }, offered));
  }
});

it('a trusted certificate of one server does not vouch for another server', async (t) => {
  const authority = await createCertificateAuthority();
  const [one, other] = [await authority.issue(LOCAL), await authority.issue(LOCAL)];
  const url = await serverWith(t, other);
  await assert.rejects(accepts(url, [one.cert]), /unknown authority/);
});

it('offers nothing for an expired certificate, and says when a certificate is for another name', async (t) => {
  const authority = await createCertificateAuthority();
  const offeredBy = async (pair: KeyPair) => {
    const config = configOf(t, { LDAP_URL: await serverWith(t, pair) });
    return (await serversOfUnknownIssuers(config, signal())).map(({ offered }) => offered.isForHost);
  };
  const expired = await authority.issue({ ...LOCAL, notBefore: new Date('2019-01-01'), notAfter: new Date('2020-01-01') });
  const foreign = await authority.issue({ commonName: 'dc1', dnsNames: ['dc1.example'] });
  for (const chain of ['', authority.cert]) {
    assert.deepEqual(await offeredBy({ ...expired, cert: expired.cert + chain }), []);
    assert.deepEqual(await offeredBy({ ...foreign, cert: foreign.cert + chain }), [false]);
  }
});

it('offers nothing for a server that is trusted, away, or no TLS server', async (t) => {
  const authority = await createCertificateAuthority();
  const url = await serverWith(t, await authority.issue(LOCAL));
  const config = configOf(t, { LDAP_URL: [url, 'ldaps://127.0.0.1:1'], CA_CERT: [authority.cert] });
  assert.deepEqual(await serversOfUnknownIssuers(config, signal()), []);
});
