/** Sign-ins with a Kerberos ticket: at the connector, and through the documented reverse proxies, which pass tickets on or verify them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import {
  createCertificateAuthority,
  freePort,
  type KerberosRealm,
  type KeyPair,
  openKerberosRealm,
  type SambaDomainController,
  startSambaDomainController,
  whyNoChromium,
  whyNoKerberos,
} from '@landbridge/lab';
import { answerByHttp2, answerTo, kindOf, SIGN_IN } from './answers.ts';
import { type Application, startApplication } from './application.ts';
import { openBrowser } from './browser.ts';
import { type HubProgram, type Program, startConnector, startFromExport, startHub, untilLogged } from './programs.ts';
import { type LoadBalancer, type ProxyOptions, startLoadBalancer, startProxy, whyNoProxy } from './proxies.ts';
import { claims, fillForm, untilBrowsersReach, visit } from './visit.ts';

const SETUP = { timeout: 10 * 60_000 };
const TEST = { timeout: 5 * 60_000 };
const HOST = 'connector.ad.landbridge.test';
/** The client's address; the proxies and programs are at 127.0.0.1. */
const CLIENT_ADDRESS = '127.0.0.9';
/** 65,535 bytes (MaxTokenSize of Windows) in base64. */
const LONGEST_TOKEN = 87_380;

describe('Kerberos', { skip: whyNoKerberos() || whyNoChromium() }, () => {
  let dc: SambaDomainController;
  let realm: KerberosRealm;
  let keytab: string;
  let hub: HubProgram;
  let server: KeyPair;

  before(async () => {
    [dc, hub] = await Promise.all([startSambaDomainController(), startHub()]);
    realm = await openKerberosRealm(dc);
    await realm.addService('svc-http', `HTTP/${HOST}`);
    keytab = await realm.keytab(`HTTP/${HOST}`);
    server = await (await createCertificateAuthority('Servers')).issue({ commonName: HOST, dnsNames: [HOST] });
  }, SETUP);
  after(async () => {
    for (const part of [hub, realm, dc]) await part?.[Symbol.asyncDispose]();
  });

  /** Creates a connection with Kerberos and starts its first connector. */
  async function connectorOf(connection: string, port: number, settings: Record<string, unknown>): Promise<Program> {
    const PROVISIONING_TICKET = await hub.createConnection(connection);
    await hub.changeConnection(connection, { kerberos: true, ipRanges: ['127.0.0.0/8', '::1/128'] });
    const config = {
      PROVISIONING_TICKET,
      LDAP_URL: dc.ldapsUrl,
      LDAP_BASE: dc.baseDn,
      LDAP_BIND_USER: dc.serviceAccount.dn,
      LDAP_BIND_PASSWORD: dc.serviceAccount.password,
      CA_CERT: dc.caPem,
      ...settings,
    };
    // For its replay cache; it needs no Kerberos configuration. Exports do not contain the port.
    const connector = await startConnector(config, { KRB5RCACHEDIR: realm.environment.KRB5RCACHEDIR, PORT: String(port) });
    await hub.untilConnectors(connection, 1);
    await untilBrowsersReach(`${settings.SSL_CERT === undefined ? 'http' : 'https'}://127.0.0.1:${port}`);
    return connector;
  }

  const browserWith = (cache: string) =>
    openBrowser({ ticket: { server: HOST, environment: { ...realm.environment, KRB5CCNAME: cache } } });

  /** From an address other than the proxy's. */
  async function curl(port: number, options: { cache?: string; args?: string[]; path?: string; from?: string } = {}): Promise<string> {
    const { cache = realm.noTicket, args = [], path = SIGN_IN, from = CLIENT_ADDRESS } = options;
    const known = ['--noproxy', '*', '--resolve', `${HOST}:${port}:127.0.0.1`, '--interface', from];
    const { stdout } = await promisify(execFile)(
      'curl',
      ['-sSki', '--max-time', '60', ...known, ...args, `https://${HOST}:${port}${path}`],
      { env: { ...process.env, ...realm.environment, KRB5CCNAME: cache } },
    );
    return stdout;
  }
  const TICKET = ['--negotiate', '-u', ':'];

  describe('at the connector itself', () => {
    let connector: Program;
    let application: Application;
    let origin: string;

    before(async () => {
      const port = await freePort();
      origin = `https://${HOST}:${port}`;
      const settings = { SERVER_URL: origin, SSL_CERT: server.cert, SSL_KEY: server.key, KERBEROS_KEYTAB: keytab };
      connector = await connectorOf('direct', port, settings);
      application = await startApplication(hub, 'direct');
    }, SETUP);
    after(async () => {
      for (const part of [application, connector]) await part?.[Symbol.asyncDispose]();
    });

    test('a user with a ticket signs in without a prompt', TEST, async () => {
      await using browser = await browserWith(await realm.signIn('alice', dc.password));
      assert.equal(await visit(browser, application), 'welcome');
      const { preferred_username, name, amr, connection } = await claims(browser.page);
      assert.deepEqual([preferred_username, name, amr, connection], ['alice', 'Alice Archer', ['wia'], 'direct']);
    });

    test('without a ticket, the same browser shows the form, which signs the user in', TEST, async () => {
      await using browser = await browserWith(realm.noTicket);
      assert.equal(await visit(browser, application), 'form');
      assert.equal(new URL(browser.page.url()).origin, origin);
      await fillForm(browser.page, 'bob', dc.password);
      const { preferred_username, amr } = await claims(browser.page);
      assert.deepEqual([preferred_username, amr], ['bob', ['pwd']]);
    });

    test('a user with a ticket and a disabled account gets the form', TEST, async () => {
      const { name, dn } = dc.users.carol;
      await using browser = await browserWith(await realm.signIn(name, dc.password));
      await dc.modify([{ dn, attributes: { userAccountControl: ['514'] } }]);
      assert.equal(await visit(browser, application), 'form');
      assert.equal(new URL(browser.page.url()).origin, origin);
    });
  });

  describe('at two connectors behind a proxy that ends TLS', { skip: whyNoProxy('haproxy') }, () => {
    let ports: [number, number];
    let application: Application;
    let balancer: LoadBalancer;
    let origin: string;
    const connectors: Program[] = [];

    before(async () => {
      const port = await freePort();
      ports = [await freePort(), await freePort()];
      origin = `https://${HOST}:${port}`;
      const one = await connectorOf('proxied', ports[0], { SERVER_URL: origin, TRUSTED_PROXIES: '127.0.0.1', KERBEROS_KEYTAB: keytab });
      connectors.push(one);
      connectors.push(
        await startFromExport(one, { KRB5RCACHEDIR: realm.environment.KRB5RCACHEDIR, PORT: String(ports[1]), KERBEROS_KEYTAB: keytab }),
      );
      await hub.untilConnectors('proxied', 2);
      await untilBrowsersReach(`http://127.0.0.1:${ports[1]}`);
      balancer = await startLoadBalancer(proxyOptions(port, ports), 2);
      application = await startApplication(hub, 'proxied');
    }, SETUP);
    after(async () => {
      for (const part of [application, balancer, ...connectors]) await part?.[Symbol.asyncDispose]();
    });

    test('a user with a ticket signs in without a prompt', TEST, async () => {
      await using browser = await browserWith(await realm.signIn('alice', dc.password));
      assert.equal(await visit(browser, application), 'welcome');
      const { preferred_username, amr } = await claims(browser.page);
      assert.deepEqual([preferred_username, amr], ['alice', ['wia']]);
    });

    test('without a ticket, the form signs the user in, and the session is valid at the other connector', TEST, async () => {
      await using browser = await browserWith(realm.noTicket);
      const { page } = browser;
      await balancer.leaveOnly(0);
      assert.equal(await visit(browser, application), 'form');
      assert.equal(new URL(page.url()).origin, origin);
      await fillForm(page, 'bob', dc.password);
      const [cookie] = await page.context().cookies(origin);
      assert.deepEqual([cookie?.secure, cookie?.httpOnly], [true, true]);
      await balancer.leaveOnly(1);
      await page.context().clearCookies({ domain: 'localhost' });
      assert.equal(await visit(browser, application), 'welcome');
      assert.equal((await claims(page)).preferred_username, 'bob');
    });

    for (const [name, from] of [
      ['haproxy', '127.0.0.11'],
      ['nginx', '127.0.0.12'],
      ['caddy', '127.0.0.13'],
    ] as const) {
      test(`${name} passes on the longest tickets and the client address`, { ...TEST, skip: whyNoProxy(name) }, async () => {
        const port = await freePort();
        await using _proxy = await startProxy(name, proxyOptions(port, ports));
        const cache = await realm.signIn('alice', dc.password);
        assert.match(await curl(port, { cache, from, args: [...TICKET, '-H', 'X-Forwarded-For: 203.0.113.7'] }), /name="wresult"/);
        const log = await untilLogged(connectors, new RegExp(`"method":"kerberos","address":"${from}"`));
        assert.ok(!log.includes('203.0.113.7'));

        const filledIn = await curl(port, { args: ['-d', 'username=bob', '--data-urlencode', `password=${dc.password}`] });
        assert.match(filledIn, /name="wresult"/);
        assert.match(filledIn, /^set-cookie: __Host-.*Secure/im);

        // With any token the connector shows the form; without one it would answer 401.
        const header = `Negotiate ${'A'.repeat(LONGEST_TOKEN)}`;
        assert.deepEqual(await answerTo(HOST, port, header), [200, 'form']);
        if (name !== 'nginx') assert.deepEqual(await answerByHttp2(HOST, port, header), [200, 'form']);
      });
    }
  });

  describe('behind a proxy that authenticates users', () => {
    let ports: [apache: number, connector: number];
    let connector: Program;
    let application: Application;

    before(async () => {
      ports = [await freePort(), await freePort()];
      const settings = { TRUSTED_PROXIES: '127.0.0.1', WITH_KERBEROS_PROXY_FRONTEND: true, SERVER_URL: `https://${HOST}:${ports[0]}` };
      connector = await connectorOf('fronted', ports[1], settings);
      application = await startApplication(hub, 'fronted');
    }, SETUP);
    after(async () => {
      for (const part of [application, connector]) await part?.[Symbol.asyncDispose]();
    });

    const forged = ['-H', 'X-Forwarded-User: alice'];

    test('the connector trusts the user header from the proxy only', TEST, async () => {
      const from = async (address: string) => {
        const args = ['-sS', '--noproxy', '*', '--interface', address, ...forged, `http://127.0.0.1:${ports[1]}${SIGN_IN}`];
        return kindOf((await promisify(execFile)('curl', args)).stdout);
      };
      assert.deepEqual([await from('127.0.0.1'), await from(CLIENT_ADDRESS)], ['token', 'form']);
    });

    test('Apache authenticates by ticket; without a ticket or with a forged header, the user gets the form', {
      ...TEST,
      skip: whyNoProxy('apache'),
    }, async (t) => {
      const [port] = ports;
      await using _apache = await startProxy('apache', {
        example: { document: 'kerberos.md', section: 'A reverse proxy that does Kerberos' },
        replacements: { '127.0.0.1:4000': `127.0.0.1:${ports[1]}` },
        front: { port, host: { example: 'connector.fabrikam.local', own: HOST }, certificate: server },
        keytab,
      });
      const cache = await realm.signIn('alice', dc.password);
      {
        await using browser = await browserWith(cache);
        assert.equal(await visit(browser, application), 'welcome');
        assert.equal((await claims(browser.page)).preferred_username, 'alice');
      }
      {
        await using browser = await browserWith(realm.noTicket);
        assert.equal(await visit(browser, application), 'form');
        await fillForm(browser.page, 'bob', dc.password);
        assert.equal((await claims(browser.page)).preferred_username, 'bob');
      }
      assert.match(await curl(port, { cache, args: [...TICKET, '-H', 'X-Forwarded-User: bob'] }), /name="wresult"/);
      await untilLogged([connector], new RegExp(`"user":"alice@${dc.realm}".*"method":"proxy-header","address":"${CLIENT_ADDRESS}"`));
      assert.match(await curl(port, { args: forged }), /^HTTP\/1\.1 401 [\s\S]*^WWW-Authenticate: Negotiate/m);
      for (const path of ['/form', '/wsfe%64', '//wsfed', '/./wsfed', '/form/../wsfed', '/form?/wsfed']) {
        await t.test(`a forged header is useless at ${path}`, async () => {
          const answer = await curl(port, { args: ['--path-as-is', ...forged], path: SIGN_IN.replace('/wsfed', path) });
          assert.doesNotMatch(answer, /name="wresult"/);
        });
      }
      // A POST needs no ticket and gets only the form.
      assert.match(await curl(port, { args: [...forged, '-d', 'wa=wsignin1.0'] }), /name="password"/);
      assert.equal((await answerTo(HOST, port, `Negotiate ${'A'.repeat(LONGEST_TOKEN)}`))[0], 401);
    });

    for (const name of ['haproxy', 'nginx', 'caddy'] as const) {
      test(`${name} removes a forged user header if it only ends TLS`, { ...TEST, skip: whyNoProxy(name) }, async () => {
        const own = await freePort();
        await using _proxy = await startProxy(name, proxyOptions(own, [ports[1], ports[1]]));
        assert.match(await curl(own, { args: forged }), /name="password"/);
      });
    }
  });

  /** Options for a proxy that ends TLS in front of two connectors. */
  function proxyOptions(port: number, [one, two]: readonly [number, number]): ProxyOptions {
    return {
      example: { document: 'front-channel.md', section: 'A reverse proxy that ends TLS' },
      replacements: { '10.1.0.11:4000': `127.0.0.1:${one}`, '10.1.0.12:4000': `127.0.0.1:${two}` },
      front: { port, host: { example: 'connector.fabrikam.local', own: HOST }, certificate: server },
    };
  }
});
