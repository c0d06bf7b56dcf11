/** The checks of the connection to the hub through real proxies: squid open, with a password, and forbidding; and one that inspects TLS. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { type CertificateAuthority, createCertificateAuthority, type KeyPair } from '@landbridge/lab';
import { startHub, TICKET_SECRET } from './test/hub.ts';
import { startInspectingProxy } from './test/inspecting-proxy.ts';
import { runIn } from './test/run-in.ts';
import { startSquid, whyNoSquid } from './test/squid.ts';

describe('proxies', { timeout: 180_000 }, () => {
  let ca: CertificateAuthority;
  let localhost: KeyPair;
  before(async () => {
    ca = await createCertificateAuthority('Hub CA');
    localhost = await ca.issue({ commonName: 'localhost', dnsNames: ['localhost'], notAfter: new Date(Date.now() + 90 * 86_400_000) });
  });

  it('passes every check through squid', { skip: whyNoSquid() }, async (t) => {
    const hub = await startHub(t, localhost);
    const squid = await startSquid(t);
    const { of } = await runIn(t, { PROVISIONING_TICKET: hub.ticket, CA_CERT: ca.cert, HTTP_PROXY: squid.host });
    for (const id of ['proxy-settings', 'hub-reach', 'ticket', 'hub-clock', 'hub-websocket', 'hub-keys'] as const) {
      assert.equal(of(id).status, 'pass', `${id}: ${of(id).found}`);
    }
    assert.match(of('hub-reach').found, new RegExp(`through the proxy ${squid.host}`));
    assert.ok(squid.requests().some((line) => line.includes(`CONNECT localhost:${hub.port}`)));
  });

  it('reports a missing and a wrong password for squid, and accepts the right one', { skip: whyNoSquid() }, async (t) => {
    const hub = await startHub(t, localhost);
    const squid = await startSquid(t, { user: { name: 'connector', password: 'pröxy:Passw0rd' } });
    const through = (userInfo: string) =>
      runIn(t, { PROVISIONING_TICKET: hub.ticket, CA_CERT: ca.cert, HTTP_PROXY: `http://${userInfo}${squid.host}` });
    const none = await through('');
    assert.deepEqual(none.failed, ['configuration', 'hub-reach']);
    assert.match(none.of('hub-reach').found, /^PROXY_AUTHENTICATION.*requires a user and password \(407\)/);
    const wrong = await through('connector:wrong-Passw0rd@');
    assert.match(wrong.of('hub-reach').found, /^PROXY_AUTHENTICATION.*rejected the user or password/);
    assert.doesNotMatch(JSON.stringify(wrong.all), /wrong-Passw0rd/);
    const right = await through(`connector:${encodeURIComponent('pröxy:Passw0rd')}@`);
    assert.equal(right.of('hub-websocket').status, 'pass', right.of('hub-reach').found);
    assert.doesNotMatch(JSON.stringify(right.all), /Passw0rd/);
  });

  it('reports a squid that refuses the connection, and an absent one', { skip: whyNoSquid() }, async (t) => {
    const hub = await startHub(t, localhost);
    const squid = await startSquid(t, { forbids: true });
    const settings = { PROVISIONING_TICKET: hub.ticket, CA_CERT: ca.cert };
    const refused = await runIn(t, { ...settings, HTTP_PROXY: squid.host });
    assert.match(refused.of('hub-reach').found, /^PROXY_REFUSED.*403/);
    const absent = await runIn(t, { ...settings, HTTP_PROXY: '127.0.0.1:1' });
    assert.match(absent.of('hub-reach').found, /^PROXY_UNREACHABLE/);
  });

  it('recognises a proxy that inspects TLS by its issuer, and sends it no ticket', async (t) => {
    const hub = await startHub(t, localhost);
    const inspector = await startInspectingProxy(t, await createCertificateAuthority('Inspector CA'), ca.cert);
    const { of, failed } = await runIn(t, { PROVISIONING_TICKET: hub.ticket, CA_CERT: ca.cert, HTTP_PROXY: inspector.host });
    assert.deepEqual(failed, ['configuration', 'hub-tls']);
    assert.match(of('hub-tls').found, /issued by CN=Inspector CA/);
    assert.match(of('hub-tls').action ?? '', new RegExp(`proxy ${inspector.host}.* inspects TLS`));
    assert.equal(of('ticket').status, 'skipped');
    assert.deepEqual(inspector.seen, []);
  });

  it('tells a trusted inspecting proxy that breaks upgrades from an untrusted one', async (t) => {
    const hub = await startHub(t, localhost);
    const authority = await createCertificateAuthority('Inspector CA');
    const inspector = await startInspectingProxy(t, authority, ca.cert);
    const { of, failed } = await runIn(t, {
      PROVISIONING_TICKET: hub.ticket,
      CA_CERT: [ca.cert, authority.cert],
      HTTP_PROXY: inspector.host,
    });
    assert.equal(of('hub-tls').status, 'warn');
    assert.match(of('hub-tls').found, /inspects TLS and can read passwords/);
    assert.deepEqual(failed, ['configuration', 'hub-websocket']);
    assert.match(of('hub-websocket').found, /HTTP 502 by "1\.1 inspector\.corp"/);
    assert.ok(inspector.seen.includes(`GET /p/ad/${TICKET_SECRET}/info`));
  });
});
