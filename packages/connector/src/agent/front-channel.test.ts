/** The front channel of a running connector: opened as the ticket says, reopened by settings, closed when the hub disables it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, parseWithXmldom, type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { createLog } from '@landbridge/runtime';
import { type FakeHub, HUB_RSA, pemOf, STRANGER_RSA, signToken, startFakeHub } from '../../test/fake-hub.ts';
import { actionOf, fieldsOf } from '../../test/front-channel-on.ts';
import { INFO, startTicketServer } from '../../test/ticket-server.ts';
import { loadConfigForStart } from '../config/load.ts';
import { startConnector } from './connector.ts';

describe('the front channel of a running connector', { skip: whyNoSlapd(), timeout: 120_000 }, () => {
  let slapd: Slapd;
  let hub: FakeHub;
  before(async () => {
    slapd = await startSlapd({ users: 5 });
    hub = await startFakeHub();
  });
  after(async () => {
    await hub?.stop();
    await slapd?.[Symbol.asyncDispose]();
  });

  async function start(t: TestContext) {
    const tickets = await startTicketServer(t);
    tickets.info = { body: { ...INFO, adHub: hub.url, certAuth: true, kerberos: false } };
    tickets.registered = { body: { signingKey: pemOf(HUB_RSA.publicKey) } };
    const home = mkdtempSync(join(tmpdir(), 'front-channel-'));
    t.after(() => rmSync(home, { recursive: true, force: true }));
    const port = await freePort();
    const settings = {
      PROVISIONING_TICKET: tickets.ticket,
      PORT: port,
      LDAP_URL: slapd.ldapsUrl,
      CA_CERT: [slapd.ca],
      LDAP_BASE: slapd.baseDn,
      LDAP_BIND_USER: slapd.serviceAccount.dn,
      LDAP_BIND_PASSWORD: slapd.serviceAccount.password,
    };
    writeFileSync(join(home, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
    const lines: string[] = [];
    const { log, keepSecret } = createLog({ level: 'info', format: 'json', destination: { write: (line) => lines.push(line) } });
    const { config } = loadConfigForStart(home, {});
    const connector = await startConnector({
      config,
      environment: {},
      log,
      keepSecrets: (_, value) => keepSecret(value),
      agentVersion: '1.2.3',
    });
    t.after(() => connector.close());
    if (connector.hub().state !== 'connected') await once(connector.events, 'hub');
    const url = `http://127.0.0.1:${port}`;
    await until(async () => (await fetch(`${url}/logout`)).status === 200);
    return { connector, tickets, url, lines };
  }

  it('signs users in for the realm and reply addresses of the ticket, and searches for the hub', async (t) => {
    const { url } = await start(t);
    const [user] = slapd.users.ordinary;
    assert.ok(user);
    const page = await (await fetch(`${url}/wsfed?wa=wsignin1.0&wtrealm=${INFO.realm.name}&wctx=here`)).text();
    const body = new URLSearchParams({ ...fieldsOf(page), username: user.uid, password: user.password });
    const reply = await (await fetch(`${url}/wsfed`, { method: 'POST', body })).text();
    assert.equal(actionOf(reply), INFO.realm.postTokenUrl[0]);
    const token = parseWithXmldom(fieldsOf(reply).wresult ?? '');
    assert.equal(token.getElementsByTagName('saml:NameIdentifier')[0]?.textContent, user.uid);
    assert.equal(token.getElementsByTagName('saml:Assertion')[0]?.getAttribute('Issuer'), `urn:${INFO.connectionDomain}`);

    const search = (signing: Parameters<typeof signToken>[1]) => {
      const bearer = signToken({ exp: Math.floor(Date.now() / 1000) + 60, aud: INFO.realm.name }, signing);
      return fetch(`${url}/users?criteria=${user.uid}`, { headers: { authorization: `Bearer ${bearer}` } });
    };
    const found: unknown = await (await search({})).json();
    assert.ok(Array.isArray(found) && found.length === 1);
    assert.equal((await search({ key: STRANGER_RSA.privateKey })).status, 401);
  });

  it('is reopened by a change of settings, and closed when the hub disables it', async (t) => {
    const { connector, tickets, url } = await start(t);
    await connector.apply({ SITE_NAME: 'Another name' });
    await until(async () => (await (await fetch(`${url}/wsfed?wa=wsignin1.0`)).text()).match(/<title>[^<]*Another name<\/title>/) !== null);
    tickets.info = { body: { ...INFO, adHub: hub.url, certAuth: false, kerberos: false } };
    await connector.reload();
    await connector.apply({ SERVER_URL: 'http://localhost:1' });
    await until(async () =>
      fetch(`${url}/logout`).then(
        () => false,
        () => true,
      ),
    );
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds().catch(() => false))) {
    assert.ok(Date.now() < deadline, 'it did not come about');
    await delay(20);
  }
}
