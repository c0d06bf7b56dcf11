/** Guesses for one user by all names and all ways to sign in, through two connectors, at a real Active Directory that locks accounts after five. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  createCertificateAuthority,
  freePort,
  type KeyPair,
  type SambaDomainController,
  startSambaDomainController,
  toFileTime,
  whyNoSamba,
} from '@landbridge/lab';
import { Client } from 'ldapts';
import { type HubProgram, type Program, startConnector, startHub } from './programs.ts';
import { ask, untilBrowsersReach } from './visit.ts';

const SETUP = { timeout: 10 * 60_000 };
const TEST = { timeout: 5 * 60_000 };
const MINUTE_MS = 60_000;
const CONNECTION = 'corp';
const REDIRECT_URI = 'http://127.0.0.1/callback';
const THRESHOLD = 5;

describe('guesses for one user', { skip: whyNoSamba() }, () => {
  let dc: SambaDomainController;
  let server: KeyPair;
  let names: string[];
  const parts: AsyncDisposable[] = [];

  before(async () => {
    [dc, server] = await Promise.all([
      startSambaDomainController(),
      createCertificateAuthority('Servers').then((authority) => authority.issue({ commonName: 'localhost', ips: ['127.0.0.1'] })),
    ]);
    const { dn, name, mail, userPrincipalName = '' } = dc.users.alice;
    const alias = 'sales-lead@mail.landbridge.test';
    await dc.modify([{ dn, attributes: { proxyAddresses: [`SMTP:${mail}`, `smtp:${alias}`] } }]);
    names = [name, userPrincipalName, mail, `${dc.netbiosName}\\${name}`, alias];
  }, SETUP);
  after(async () => {
    for (const part of [...parts.reverse(), dc]) await part?.[Symbol.asyncDispose]();
  });

  beforeEach(() => signInAtTheDesk());

  async function started<T extends AsyncDisposable>(part: Promise<T>): Promise<T> {
    parts.push(await part);
    return await part;
  }

  /** A hub with two connectors, each of which has a form of its own. */
  async function company(guard: Record<string, string>): Promise<{ hub: HubProgram; connectors: Program[]; origins: string[] }> {
    const hub = await started(startHub(guard));
    const [connectors, origins]: [Program[], string[]] = [[], []];
    const first = await hub.createConnection(CONNECTION);
    // Without a keytab users get the form, and without addresses the hub asks for the password itself.
    await hub.changeConnection(CONNECTION, { kerberos: true });
    for (const PROVISIONING_TICKET of [first, await hub.addConnector(CONNECTION)]) {
      const port = await freePort();
      const SERVER_URL = `https://127.0.0.1:${port}`;
      const config = {
        ...{ PROVISIONING_TICKET, SERVER_URL, LDAP_URL: dc.ldapsUrl, LDAP_BASE: dc.baseDn, CA_CERT: dc.caPem },
        ...{ LDAP_BIND_USER: dc.serviceAccount.dn, LDAP_BIND_PASSWORD: dc.serviceAccount.password, LDAP_USER_BY_MAIL: true },
        ...{ SSL_CERT: server.cert, SSL_KEY: server.key },
      };
      connectors.push(await started(startConnector(config, { PORT: String(port) })));
      origins.push(SERVER_URL);
    }
    await hub.untilConnectors(CONNECTION, 2);
    await Promise.all(origins.map(untilBrowsersReach));
    return { hub, connectors, origins };
  }

  async function atTheForm(origin: string, username: string, password: string): Promise<string> {
    const form = await ask(`${origin}/wsfed?wa=wsignin1.0&wctx=state`);
    return ask(`${origin}/wsfed`, { ...hiddenFields(form), username, password });
  }

  /** @returns signs in on the hub's page, each time in a new browser */
  async function hubPage(hub: HubProgram): Promise<(username: string, password: string) => Promise<void>> {
    const { id } = await hub.createClient(CONNECTION, REDIRECT_URI);
    const metadata: { authorization_endpoint: string } = JSON.parse(await ask(`${hub.url}/oidc/.well-known/openid-configuration`));
    const pkce = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
    const query = new URLSearchParams({
      client_id: id,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: 'openid',
      state: 's',
      ...pkce,
    });
    return async (username, password) => {
      const cookies = new Map<string, string>();
      const request = async (url: string, form?: Record<string, string>) => {
        const headers = { Origin: hub.url, Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
        const response = await fetch(url, {
          redirect: 'manual',
          headers,
          ...(form && { method: 'POST', body: new URLSearchParams(form) }),
        });
        for (const line of response.headers.getSetCookie()) cookies.set(line.split('=', 1)[0] ?? '', /=([^;]*)/.exec(line)?.[1] ?? '');
        return response;
      };
      const begun = await request(`${metadata.authorization_endpoint}?${query}`);
      const page = new URL(begun.headers.get('Location') ?? '', hub.url).href;
      const answer = await request(page, { ...hiddenFields(await (await request(page)).text()), username, password });
      const shown = await request(new URL(answer.headers.get('Location') ?? '', hub.url).href);
      assert.match(await shown.text(), /id="problem"/);
    };
  }

  async function account(): Promise<{ badPwdCount: number; lockoutTime: string }> {
    const found = await dc.exec('ldbsearch', ['-b', dc.users.alice.dn, '-s', 'base', 'badPwdCount', 'lockoutTime']);
    const numberIn = (name: string) => new RegExp(`^${name}: (\\d+)$`, 'm').exec(found)?.[1] ?? '0';
    return { badPwdCount: Number(numberIn('badPwdCount')), lockoutTime: numberIn('lockoutTime') };
  }

  /** Moves the time of the last wrong password back. */
  async function pass(minutes: number): Promise<void> {
    const { dn } = dc.users.alice;
    await dc.modify([{ dn, attributes: { badPasswordTime: [toFileTime(Date.now() - minutes * MINUTE_MS)] } }]);
  }

  async function signInAtTheDesk(password = dc.password): Promise<void> {
    const desk = new Client({ url: dc.ldapsUrl, tlsOptions: { ca: dc.caPem } });
    await desk.bind(dc.users.alice.dn, password).finally(() => desk.unbind());
  }

  test('500 guesses over hours never lock the account, and the right password still works at a workstation', TEST, async () => {
    // The hub's own limits are off, as if each guess came from elsewhere, and the connectors forget theirs between the rounds.
    const { hub, connectors, origins } = await company({ GUARD_USER_ATTEMPTS: '0', GUARD_ADDRESS_ATTEMPTS: '0' });
    const page = await hubPage(hub);
    let guesses = 0;
    const doors: ((name: string, password: string) => Promise<unknown>)[] = [
      (name, password) => hub.login(CONNECTION, name, password),
      page,
      (name, password) => hub.changePassword(CONNECTION, { username: name, oldPassword: password, password: 'N3w-Passw0rd!' }),
      ...origins.map((origin) => (name: string, password: string) => atTheForm(origin, name, password)),
    ];
    const guess = (name: string, door: (typeof doors)[number]) => door(name, `Wr0ng-${guesses++}`);
    for (let round = 0; round < 5; round++) {
      const all = names.flatMap((name) => doors.flatMap((door) => Array.from({ length: 4 }, () => () => guess(name, door))));
      if (round % 2 === 0) await Promise.all(all.map((run) => run()));
      else for (const run of all) await run();
      const { badPwdCount, lockoutTime } = await account();
      assert.equal(lockoutTime, '0', `round ${round}, after ${guesses}`);
      assert.ok(badPwdCount >= THRESHOLD - 2 && badPwdCount < THRESHOLD, `round ${round}: ${badPwdCount}`);
      if (round === 4) break;
      await pass(round === 2 ? 10 : 31);
      for (const connector of connectors) await connector.stop();
      for (const connector of connectors) connector.start();
      await hub.untilConnectors(CONNECTION, 2);
      await Promise.all(origins.map(untilBrowsersReach));
    }
    assert.equal(guesses, 500);
    await signInAtTheDesk();
    assert.deepEqual(await account(), { badPwdCount: 0, lockoutTime: '0' });
  });

  test('two wrong passwords do not keep a user out, and guesses by others do so only for as long as the policy says', TEST, async () => {
    const { hub, origins } = await company({});
    const [name = '', principalName = ''] = names;
    const signIn = async (username: string, password: string) => (await hub.login(CONNECTION, username, password)).status;
    assert.deepEqual([await signIn(name, 'Wr0ng-1'), await signIn(principalName, 'Wr0ng-2')], [401, 401]);
    assert.equal(await signIn(name, dc.password), 200);
    const [origin = '', other = ''] = origins;
    for (const password of ['Wr0ng-3', 'Wr0ng-4']) assert.match(await atTheForm(origin, name, password), /name="password"/);
    assert.match(await atTheForm(origin, principalName, dc.password), /name="wresult"/);

    for (const password of ['Wr0ng-5', 'Wr0ng-6', 'Wr0ng-7', 'Wr0ng-8']) await atTheForm(other, principalName, password);
    assert.equal((await account()).badPwdCount, 3);
    const { status, body } = await hub.login(CONNECTION, name, dc.password);
    assert.deepEqual([status, body.error?.code], [429, 'too_many_attempts']);
    await pass(31);
    assert.equal(await signIn(name, dc.password), 200);
  });
});

function hiddenFields(page: string): Record<string, string> {
  const fields = page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
  return Object.fromEntries([...fields].map(([, name = '', value = '']) => [name, value]));
}
