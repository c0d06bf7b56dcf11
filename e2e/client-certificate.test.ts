/** Client certificates from the browser's store, at two connectors behind HAProxy, which passes TLS through. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  freePort,
  type KeyPair,
  type Slapd,
  startSlapd,
  whyNoChromium,
  whyNoNss,
  whyNoSlapd,
} from '@landbridge/lab';
import { type Application, startApplication } from './application.ts';
import { createProfile, openBrowser } from './browser.ts';
import { directoryConfig, type HubProgram, type Program, startConnector, startFromExport, startHub, untilLogged } from './programs.ts';
import { type LoadBalancer, startLoadBalancer, whyNoProxy } from './proxies.ts';
import { ask, claims, fillForm, untilBrowsersReach, visit } from './visit.ts';

const SETUP = { timeout: 10 * 60_000 };
const TEST = { timeout: 5 * 60_000 };
const CONNECTION = 'corp';
const DAY_MS = 86_400_000;

/** The nth ordinary user. */
const uid = (n: number) => `user0000${n}`;

describe('client certificates of a browser', {
  skip: whyNoSlapd() || whyNoChromium() || whyNoNss() || whyNoProxy('haproxy'),
}, () => {
  let slapd: Slapd;
  let userAuthority: CertificateAuthority;
  let revoked: KeyPair;
  let revocationList: string;
  let hub: HubProgram;
  let balancer: LoadBalancer;
  let application: Application;
  let origin: string;
  const connectors: Program[] = [];

  before(async () => {
    [slapd, hub, userAuthority] = await Promise.all([startSlapd({ users: 10 }), startHub(), createCertificateAuthority('Users')]);
    const [first, second, port] = [await freePort(), await freePort(), await freePort()];
    origin = `https://127.0.0.1:${port}`;
    const server = await (await createCertificateAuthority('Servers')).issue({ commonName: 'localhost', ips: ['127.0.0.1'] });
    revoked = await userAuthority.issue({ commonName: uid(3), clientAuth: true });
    revocationList = join(tmpdir(), `landbridge-users-${port}.crl`);
    await writeFile(revocationList, await userAuthority.revocationList([revoked]));
    const PROVISIONING_TICKET = await hub.createConnection(CONNECTION);
    await hub.changeConnection(CONNECTION, { certAuth: true, ipRanges: ['127.0.0.0/8', '::1/128'] });
    const config = {
      ...directoryConfig(slapd, 'ldaps'),
      PROVISIONING_TICKET,
      SERVER_URL: origin,
      SSL_CERT: server.cert,
      SSL_KEY: server.key,
      CLIENT_CERT_CA: userAuthority.cert,
      CLIENT_CERT_CRL: [revocationList],
    };
    const one = await startConnector(config, { PORT: String(first) });
    connectors.push(one);
    await hub.untilConnectors(CONNECTION, 1);
    connectors.push(await startFromExport(one, { PORT: String(second) }));
    await hub.untilConnectors(CONNECTION, 2);
    await Promise.all([first, second].map((each) => untilBrowsersReach(`https://127.0.0.1:${each}`)));
    balancer = await startLoadBalancer(
      {
        example: { document: 'front-channel.md', section: 'A load balancer that passes TLS through' },
        replacements: { '10.1.0.11:4000': `127.0.0.1:${first}`, '10.1.0.12:4000': `127.0.0.1:${second}` },
        front: { port },
      },
      2,
    );
    application = await startApplication(hub, CONNECTION);
  }, SETUP);
  after(async () => {
    for (const part of [application, balancer, ...connectors, hub, slapd]) await part?.[Symbol.asyncDispose]();
    if (revocationList !== undefined) await rm(revocationList, { force: true });
  });

  const issue = (commonName: string, by = userAuthority, more: { notAfter?: Date } = {}) =>
    by.issue({ commonName, clientAuth: true, ...more });
  const logs = async () => (await Promise.all(connectors.map((connector) => connector.log()))).join('');

  test('the browser picks the certificate of an accepted authority, and the user signs in without a prompt', TEST, async () => {
    await using profile = await createProfile({ certificateFor: origin });
    await profile.certificates.add('elsewhere', await issue('elsewhere', await createCertificateAuthority('Elsewhere')));
    await profile.certificates.add('work', await issue(uid(0)));
    {
      await using browser = await profile.open();
      assert.equal(await visit(browser, application), 'welcome');
      const { email, amr, connection } = await claims(browser.page);
      assert.deepEqual([email, amr, connection], [`${uid(0)}@example.org`, ['pop'], CONNECTION]);
    }
    // The connector never sees the other certificate, because it names the authorities that it accepts.
    profile.certificates.remove('work');
    await using browser = await profile.open();
    await browser.page.context().clearCookies();
    assert.equal(await visit(browser, application), 'form');
    assert.equal(new URL(browser.page.url()).origin, origin);
    assert.doesNotMatch(await logs(), /elsewhere/);
  });

  for (const { certificate, create, logged } of [
    {
      certificate: 'a revoked certificate',
      create: async () => revoked,
      logged: new RegExp(`"subject":"CN=${uid(3)}","reason":"it was revoked"`),
    },
    {
      certificate: 'a certificate of a foreign authority with the same name',
      create: async () => issue(uid(4), await createCertificateAuthority('Users')),
      logged: new RegExp(`"subject":"CN=${uid(4)}","reason":"its issuer is not in CLIENT_CERT_CA, only one of the same name"`),
    },
    {
      certificate: 'a certificate of an unknown user',
      create: () => issue('stranger'),
      logged: /"user":"CN=stranger","result":"WrongUsername"/,
    },
    {
      certificate: 'a certificate of a locked account',
      create: () => issue('locked'),
      logged: /"user":"CN=locked","result":"AccountLocked"/,
    },
    // Chromium does not offer expired certificates.
    {
      certificate: 'an expired certificate',
      create: () => issue(uid(5), userAuthority, { notAfter: new Date(Date.now() - DAY_MS) }),
      logged: undefined,
    },
  ]) {
    test(`${certificate} leads to the form of the connector`, TEST, async () => {
      await using profile = await createProfile({ certificateFor: origin });
      await profile.certificates.add('work', await create());
      await using browser = await profile.open();
      assert.equal(await visit(browser, application), 'form');
      assert.equal(new URL(browser.page.url()).origin, origin);
      if (logged === undefined) assert.ok(!(await logs()).includes(`CN=${uid(5)}`));
      else await untilLogged(connectors, logged);
    });
  }

  test('each connector accepts forms of the other one', TEST, async () => {
    const { uid, password } = slapd.users.ordinary[1] ?? assert.fail();
    const address = `${origin}/wsfed?wa=wsignin1.0&wctx=state`;
    const earlier = await balancer.given();
    for (let n = 0; n < 3; n++) {
      const page = await ask(address);
      const carried = /name="request" value="([^"]*)"/.exec(page)?.[1] ?? '';
      assert.match(await ask(`${origin}/wsfed`, { request: carried, username: uid, password }), /name="wresult"/);
    }
    const given = (await balancer.given()).map((connections, n) => connections - (earlier[n] ?? 0));
    assert.deepEqual(given, [3, 3], 'each form goes to the other connector');
  });

  test(
    'a sign-in succeeds if its connector fails while the form is open, and the session is valid at the restarted one',
    TEST,
    async () => {
      const { uid, password } = slapd.users.ordinary[2] ?? assert.fail();
      await using browser = await openBrowser();
      const { page } = browser;
      await balancer.leaveOnly(0);
      assert.equal(await visit(browser, application), 'form');
      await balancer.leaveOnly(1);
      await fillForm(page, uid, password);
      const { email, amr } = await claims(page);
      assert.deepEqual([email, amr], [`${uid}@example.org`, ['pwd']]);

      await balancer.leaveOnly(0);
      const [front] = await page.context().cookies(origin);
      assert.ok(front);
      await page.context().clearCookies({ domain: 'localhost' });
      assert.equal(await visit(browser, application), 'welcome');
      assert.equal((await claims(page)).email, email);
    },
  );
});
