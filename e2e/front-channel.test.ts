/** Signing in without a password, as people see it: a browser, an application, the hub, the connector, and back. */
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  freePort,
  type KerberosRealm,
  openKerberosRealm,
  type SambaDomainController,
  type Slapd,
  startSambaDomainController,
  startSlapd,
  whyNoChromium,
  whyNoKerberos,
  whyNoSlapd,
} from '@landbridge/lab';
import type { Page } from 'playwright-core';
import { type Application, CLAIMS, startApplication, WELCOME } from './application.ts';
import { type Browser, openBrowser } from './browser.ts';
import { type LoadBalancer, startHaproxy, whyNoHaproxy } from './load-balancer.ts';
import { directoryConfig, type HubProgram, type Program, startConnector, startFromExport, startHub, until } from './programs.ts';

const SETUP = { timeout: 10 * 60_000 };
const TEST = { timeout: 5 * 60_000 };
const CONNECTION = 'corp';
const HERE = ['127.0.0.0/8', '::1/128'];

/** Opens the application in a browser that nobody has signed in with, and waits for what a person sees in the end. */
async function visit({ page }: Browser, { url }: Application): Promise<'welcome' | 'form'> {
  await page.goto(url);
  const welcome = page.getByRole('heading', { name: WELCOME });
  await welcome.or(page.getByLabel('Password')).waitFor();
  return (await welcome.isVisible()) ? 'welcome' : 'form';
}

async function fillForm(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: WELCOME }).waitFor();
}

async function claims(
  page: Page,
): Promise<{ preferred_username?: string; name?: string; email?: string; amr?: string[]; connection?: string }> {
  return JSON.parse((await page.locator(CLAIMS).textContent()) ?? '');
}

/** @returns the page; each on a connection of its own, as a browser comes that has been away for a while */
async function ask(address: string, form?: Record<string, string>): Promise<string> {
  const outgoing = request(address, {
    method: form === undefined ? 'GET' : 'POST',
    agent: false,
    // What it says is the subject here; the browser's tests are for who says it.
    rejectUnauthorized: false,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  outgoing.end(form && new URLSearchParams(form).toString());
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject).on('response', (response) => text(response).then(resolve, reject));
  });
}

/** The socket to the hub is there before the port for browsers is. */
function untilBrowsersReach(port: number): Promise<void> {
  return until(`browsers reach port ${port}`, () =>
    ask(`https://127.0.0.1:${port}/logout`).then(
      () => true,
      () => false,
    ),
  );
}

describe('with a Kerberos ticket', { skip: whyNoKerberos() || whyNoChromium() }, () => {
  const host = 'connector.ad.landbridge.test';
  let dc: SambaDomainController;
  let realm: KerberosRealm;
  let hub: HubProgram;
  let connector: Program;
  let application: Application;
  let origin: string;

  before(async () => {
    [dc, hub] = await Promise.all([startSambaDomainController(), startHub()]);
    realm = await openKerberosRealm(dc);
    await realm.addService('svc-http', `HTTP/${host}`);
    const port = await freePort();
    origin = `https://${host}:${port}`;
    const server = await (await createCertificateAuthority('Servers')).issue({ commonName: host, dnsNames: [host] });
    const PROVISIONING_TICKET = await hub.createConnection(CONNECTION);
    await hub.changeConnection(CONNECTION, { kerberos: true, ipRanges: HERE });
    connector = await startConnector(
      {
        PROVISIONING_TICKET,
        LDAP_URL: dc.ldapsUrl,
        LDAP_BASE: dc.baseDn,
        LDAP_BIND_USER: dc.serviceAccount.dn,
        LDAP_BIND_PASSWORD: dc.serviceAccount.password,
        CA_CERT: dc.caPem,
        PORT: port,
        SERVER_URL: origin,
        SSL_CERT: server.cert,
        SSL_KEY: server.key,
        KERBEROS_KEYTAB: await realm.keytab(`HTTP/${host}`),
      },
      // Its replay cache; it needs no configuration of Kerberos.
      { KRB5RCACHEDIR: realm.environment.KRB5RCACHEDIR },
    );
    await hub.untilConnectors(CONNECTION, 1);
    await untilBrowsersReach(port);
    application = await startApplication(hub, CONNECTION);
  }, SETUP);
  after(async () => {
    for (const part of [application, connector, hub, realm, dc]) await part?.[Symbol.asyncDispose]();
  });

  const browserWith = (cache: string) =>
    openBrowser({ ticket: { server: host, environment: { ...realm.environment, KRB5CCNAME: cache } } });

  test('a person is at the application without a question', TEST, async () => {
    await using browser = await browserWith(await realm.signIn('alice', dc.password));
    assert.equal(await visit(browser, application), 'welcome');
    const { preferred_username, name, amr, connection } = await claims(browser.page);
    assert.deepEqual([preferred_username, name, amr, connection], ['alice', 'Alice Archer', ['wia'], CONNECTION]);
  });

  test('without a ticket the same browser shows the form, and that leads there as well', TEST, async () => {
    await using browser = await browserWith(realm.noTicket);
    assert.equal(await visit(browser, application), 'form');
    assert.equal(new URL(browser.page.url()).origin, origin);
    await fillForm(browser.page, 'bob', dc.password);
    const { preferred_username, amr } = await claims(browser.page);
    assert.deepEqual([preferred_username, amr], ['bob', ['pwd']]);
  });

  test('whose account was disabled gets the form in spite of the ticket', TEST, async () => {
    const { name, dn } = dc.people.carol;
    await using browser = await browserWith(await realm.signIn(name, dc.password));
    await dc.modify([{ dn, attributes: { userAccountControl: ['514'] } }]);
    assert.equal(await visit(browser, application), 'form');
    assert.equal(new URL(browser.page.url()).origin, origin);
  });
});

describe('with a client certificate, at two connectors behind HAProxy', {
  skip: whyNoSlapd() || whyNoChromium() || whyNoHaproxy(),
}, () => {
  let slapd: Slapd;
  let people: CertificateAuthority;
  let hub: HubProgram;
  let balancer: LoadBalancer;
  let application: Application;
  let origin: string;
  const connectors: Program[] = [];

  before(async () => {
    [slapd, hub, people] = await Promise.all([startSlapd({ users: 10 }), startHub(), createCertificateAuthority('People')]);
    const [first, second, port] = [await freePort(), await freePort(), await freePort()];
    origin = `https://127.0.0.1:${port}`;
    const server = await (await createCertificateAuthority('Servers')).issue({ commonName: 'localhost', ips: ['127.0.0.1'] });
    const PROVISIONING_TICKET = await hub.createConnection(CONNECTION);
    await hub.changeConnection(CONNECTION, { certAuth: true, ipRanges: HERE });
    const config = {
      ...directoryConfig(slapd, 'ldaps'),
      PROVISIONING_TICKET,
      SERVER_URL: origin,
      SSL_CERT: server.cert,
      SSL_KEY: server.key,
      CLIENT_CERT_CA: people.cert,
    };
    const one = await startConnector(config, { PORT: String(first) });
    connectors.push(one);
    await hub.untilConnectors(CONNECTION, 1);
    connectors.push(await startFromExport(one, { PORT: String(second) }));
    await hub.untilConnectors(CONNECTION, 2);
    await Promise.all([first, second].map(untilBrowsersReach));
    balancer = await startHaproxy(port, [first, second]);
    application = await startApplication(hub, CONNECTION);
  }, SETUP);
  after(async () => {
    for (const part of [application, balancer, ...connectors, hub, slapd]) await part?.[Symbol.asyncDispose]();
  });

  const browserWith = async (commonName: string, authority = people) =>
    openBrowser({ certificate: { origin, ...(await authority.issue({ commonName, clientAuth: true })) } });

  test('a person is at the application without a question', TEST, async () => {
    const [person] = slapd.people.ordinary;
    assert.ok(person);
    await using browser = await browserWith(person.uid);
    assert.equal(await visit(browser, application), 'welcome');
    const { email, amr, connection } = await claims(browser.page);
    assert.deepEqual([email, amr, connection], [`${person.uid}@example.org`, ['pop'], CONNECTION]);
  });

  test('a certificate of nobody, of a locked account or of a foreign authority leads to the form', TEST, async () => {
    const foreign = await createCertificateAuthority('People');
    const [person] = slapd.people.ordinary;
    for (const [uid, authority] of [['nobody'], [slapd.people.special.locked.uid], [person?.uid ?? '', foreign]] as const) {
      await using browser = await browserWith(uid, authority);
      assert.equal(await visit(browser, application), 'form', uid);
      assert.equal(new URL(browser.page.url()).origin, origin);
    }
  });

  test('the form of one connector is taken by the other', TEST, async () => {
    const { uid, password } = slapd.people.ordinary[1] ?? assert.fail();
    const address = `${origin}/wsfed?wa=wsignin1.0&wctx=state`;
    const earlier = await balancer.given();
    for (let n = 0; n < 3; n++) {
      const page = await ask(address);
      const carried = /name="request" value="([^"]*)"/.exec(page)?.[1] ?? '';
      assert.match(await ask(`${origin}/wsfed`, { request: carried, username: uid, password }), /name="wresult"/);
    }
    const given = (await balancer.given()).map((connections, n) => connections - (earlier[n] ?? 0));
    assert.deepEqual(given, [3, 3], 'each form went to the other one');
  });

  test(
    'a person whose connector goes away between form and password signs in, and the session counts at the one that is back',
    TEST,
    async () => {
      const { uid, password } = slapd.people.ordinary[2] ?? assert.fail();
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
