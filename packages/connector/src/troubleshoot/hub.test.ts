/** The checks of the connection to the hub, each broken on its own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { before, describe, it } from 'node:test';
import { type CertificateAuthority, createCertificateAuthority, type KeyPair } from '@landbridge/lab';
import { createCertificate, createKey, thumbprint } from '../setup/certificate.ts';
import { selfSignedCertificate } from '../setup/self-signed.ts';
import { startHub, TICKET_SECRET } from './test/hub.ts';
import { runIn } from './test/run-in.ts';

const INFO = `GET /p/ad/${TICKET_SECRET}/info`;

describe('the connection to the hub', { timeout: 120_000 }, () => {
  let ca: CertificateAuthority;
  let localhost: KeyPair;
  before(async () => {
    ca = await createCertificateAuthority('Fabrikam CA');
    localhost = await ca.issue({ commonName: 'localhost', dnsNames: ['localhost'], notAfter: new Date(Date.now() + 90 * 86_400_000) });
  });

  it('passes every check, and the ticket is in no result', async (t) => {
    const hub = await startHub(t, localhost);
    const { of, all, failed } = await runIn(t, { PROVISIONING_TICKET: hub.ticket, CA_CERT: ca.cert });
    assert.deepEqual(failed, ['configuration'], 'only the directory is not configured');
    for (const id of ['proxy-settings', 'hub-reach', 'hub-tls', 'ticket', 'hub-clock', 'hub-websocket', 'hub-keys'] as const) {
      assert.equal(of(id).status, 'pass', `${id}: ${of(id).found}`);
    }
    assert.match(of('hub-tls').found, /CN=localhost, issued by CN=Fabrikam CA/);
    assert.doesNotMatch(JSON.stringify(all), new RegExp(TICKET_SECRET));
  });

  it('names the issuer of an untrusted certificate, and sends nothing', async (t) => {
    const hub = await startHub(t, localhost);
    const { of } = await runIn(t, { PROVISIONING_TICKET: hub.ticket });
    assert.equal(of('hub-tls').status, 'fail');
    assert.match(of('hub-tls').found, /issuer is not trusted by this machine.*CN=Fabrikam CA/);
    assert.match(of('hub-tls').action ?? '', /CA_CERT/);
    assert.equal(of('ticket').status, 'skipped');
    assert.deepEqual(of('ticket').because, { id: 'hub-tls', target: `localhost:${hub.port}` });
    assert.deepEqual(hub.lastHeaders, {}, 'the ticket was sent to an untrusted server');
  });

  it('reports an expired certificate of the hub', async (t) => {
    const expired = await ca.issue({
      commonName: 'localhost',
      dnsNames: ['localhost'],
      notBefore: new Date(2020, 0),
      notAfter: new Date(2021, 0),
    });
    const hub = await startHub(t, expired);
    const { of } = await runIn(t, { PROVISIONING_TICKET: hub.ticket, CA_CERT: ca.cert });
    assert.equal(of('hub-tls').status, 'fail');
    assert.match(of('hub-tls').found, /has expired.*CERT_HAS_EXPIRED/);
  });

  it('reports a closed port', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    server.close();
    const { of } = await runIn(t, { PROVISIONING_TICKET: `https://127.0.0.1:${port}/p/ad/${TICKET_SECRET}` });
    assert.equal(of('hub-reach').status, 'fail');
    assert.match(of('hub-reach').found, /ECONNREFUSED/);
    assert.equal(of('hub-tls').status, 'skipped');
  });

  it('tells a wrong ticket from an answer that is not JSON', async (t) => {
    const hub = await startHub(t, localhost);
    hub.answers[INFO] = () => ({ status: 404, body: {} });
    const settings = { PROVISIONING_TICKET: hub.ticket, CA_CERT: ca.cert };
    const unknown = await runIn(t, settings);
    assert.match(unknown.of('ticket').found, /^TICKET_UNKNOWN/);
    hub.answers[INFO] = () => ({ type: 'text/html', body: '<h1>Sign in to the guest network</h1>' });
    const page = await runIn(t, settings);
    assert.match(page.of('ticket').found, /^TICKET_NOT_JSON.*text\/html/);
    assert.equal(page.of('hub-clock').status, 'pass');
    assert.equal(page.of('hub-websocket').status, 'skipped');
  });

  for (const [minutes, status] of [
    [1, 'warn'],
    [20, 'fail'],
  ] as const) {
    it(`reports a clock that is ${minutes} min behind, and nothing else: ${status}`, async (t) => {
      const hub = await startHub(t, localhost);
      hub.answers['GET /test'] = () => ({ body: { clock: Date.now() + minutes * 60_000 } });
      const { of, failed } = await runIn(t, { PROVISIONING_TICKET: hub.ticket, CA_CERT: ca.cert });
      assert.deepEqual(failed, ['configuration', ...(status === 'fail' ? ['hub-clock'] : [])]);
      assert.equal(of('hub-clock').status, status);
      assert.match(of('hub-clock').found, /(?:59\.\d|60\.\d|1199\.\d|1200\.\d) s behind the hub's/);
    });
  }

  it('tells a refused WebSocket from an absent hub', async (t) => {
    const hub = await startHub(t, localhost);
    hub.upgrades = 'refuse';
    const { of, failed } = await runIn(t, { PROVISIONING_TICKET: hub.ticket, CA_CERT: ca.cert });
    assert.deepEqual(failed, ['configuration', 'hub-websocket']);
    assert.match(of('hub-websocket').found, /HTTP 403 by "1\.1 gateway\.corp"/);
    assert.match(of('hub-websocket').action ?? '', /upgrades/);
  });

  it('reports unusable keys', async (t) => {
    const hub = await startHub(t, localhost);
    hub.answers['GET /.well-known/jwks.json'] = () => ({ body: { keys: [{ kty: 'oct', k: 'AAAA' }] } });
    const settings = { PROVISIONING_TICKET: hub.ticket, CA_CERT: ca.cert };
    const empty = await runIn(t, settings);
    assert.deepEqual(empty.failed, ['configuration', 'hub-keys']);
    const posted = await runIn(t, { ...settings, TENANT_SIGNING_KEY: 'nonsense' });
    assert.match(posted.of('hub-keys').found, /^HUB_SIGNING_KEY_UNUSABLE/);
  });

  it('compares the certificate with the thumbprints in the ticket or the management API', async (t) => {
    const hub = await startHub(t, localhost);
    const own = createCertificate(createKey(), { connectionName: 'fabrikam-ad', connectionDomain: 'fabrikam.example' });
    const settings = {
      PROVISIONING_TICKET: hub.ticket,
      CA_CERT: ca.cert,
      AUTH_CERT: own.certificate.toString(),
      AUTH_CERT_KEY: own.privateKeyPem,
    };
    hub.thumbprints = [thumbprint(own.certificate).toUpperCase()];
    assert.equal((await runIn(t, settings)).of('certificate').status, 'pass');
    hub.thumbprints = ['00'.repeat(20)];
    const other = await runIn(t, settings);
    assert.deepEqual(other.failed, ['configuration', 'certificate']);
    assert.match(other.of('certificate').found, /ours is [0-9a-f]{40}/);

    hub.thumbprints = [];
    hub.answers['GET /api/v2/connections'] = () => ({
      body: [{ name: 'fabrikam-ad', options: { thumbprints: [thumbprint(own.certificate)] } }],
    });
    const byApi = await runIn(t, { ...settings, CONNECTIONS_API_V2_KEY: 'api-key-0123456789' });
    assert.equal(byApi.of('certificate').status, 'pass', byApi.of('certificate').found);
    hub.answers['GET /api/v2/connections'] = () => ({ status: 401, body: {} });
    const refused = await runIn(t, { ...settings, CONNECTIONS_API_V2_KEY: 'api-key-0123456789' });
    assert.match(refused.of('certificate').found, /status 401.*CONNECTIONS_API_V2_KEY/);
    assert.doesNotMatch(JSON.stringify(refused.all), /api-key-0123456789/);
  });

  it('reports an expired certificate of the connector', async (t) => {
    const hub = await startHub(t, localhost);
    const key = createKey();
    const der = selfSignedCertificate(key.privateKey, {
      commonName: 'a',
      organizationalUnit: 'b',
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2021-01-01'),
    });
    const AUTH_CERT = `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
    const { of, failed } = await runIn(t, {
      PROVISIONING_TICKET: hub.ticket,
      CA_CERT: ca.cert,
      AUTH_CERT,
      AUTH_CERT_KEY: key.privateKeyPem,
    });
    assert.deepEqual(failed, ['configuration', 'certificate']);
    assert.match(of('certificate').found, /has expired: valid from 2020-01-01 to 2021-01-01/);
  });

  it('tells the address of a proxy auto-configuration file from a proxy’s', async (t) => {
    const hub = await startHub(t, localhost);
    for (const HTTP_PROXY of ['http://wpad.corp/proxy.pac', 'http://user:hidden-password@wpad.corp/wpad.dat']) {
      const { of, all } = await runIn(t, { PROVISIONING_TICKET: hub.ticket, CA_CERT: ca.cert, HTTP_PROXY });
      assert.equal(of('proxy-settings').status, 'fail');
      assert.match(of('proxy-settings').found, /auto-configuration file/);
      assert.equal(of('hub-reach').status, 'skipped');
      assert.doesNotMatch(JSON.stringify(all), /hidden-password/);
    }
  });

  it('shows which proxy variable applies', async (t) => {
    const hub = await startHub(t, localhost);
    const settings = { PROVISIONING_TICKET: hub.ticket, CA_CERT: ca.cert };
    const lower = await runIn(t, settings, { environment: { http_proxy: 'http://proxy.corp:3128', no_proxy: 'localhost' } });
    assert.match(lower.of('proxy-settings').found, /localhost:\d+: directly \(NO_PROXY/);
    const both = await runIn(t, settings, { environment: { http_proxy: 'http://a.corp:1', HTTP_PROXY: 'http://127.0.0.1:2' } });
    assert.equal(both.of('proxy-settings').status, 'warn');
    assert.match(both.of('proxy-settings').found, /through 127\.0\.0\.1:2 \(HTTP_PROXY from the environment\); http_proxy .* is ignored/);
  });
});
