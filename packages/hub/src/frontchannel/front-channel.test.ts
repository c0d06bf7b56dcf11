import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KERBEROS_METHOD } from '@landbridge/lab';
import { hashOfToken } from '@landbridge/web';
import { pathOf, REDIRECT_URI } from '../../test/application.ts';
import { agentToken, connect, makeIdentity, provision } from '../../test/foreign-connector.ts';
import { HERE, sentWith, startFronted } from '../../test/front-channel.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { createPlainBrowser } from '../../test/plain-browser.ts';

const PASSWORD_FORM = /name="password"/;

test('redirects users within the IP ranges to a connector, and signs them in when they return', async (t) => {
  const { hub, app, answer, deliver } = await startFronted(t);
  const browser = createPlainBrowser();
  const { url, checks } = await app.begin();
  const page = await browser.follow(await browser.open(url));
  assert.match(page.text, /Signing you in/);
  assert.match(page.text, /href="\/login\/[^"]*\?password"/);
  const asked = sentWith(page);
  assert.deepEqual([asked?.get('wa'), asked?.get('wtrealm'), asked?.get('wfresh')], ['wsignin1.0', 'urn:landbridge:corp', null]);
  const wctx = asked?.get('wctx') ?? '';
  const earlier = new Date(Date.now() - 60_000);
  const delivered = await deliver(wctx, answer({ authenticatedAt: earlier }));
  assert.equal(delivered.status, 303);
  const end = await browser.follow(await browser.open(delivered.onward ?? ''));
  const tokens = await app.finish(end.onward ?? '', checks);
  const claims = tokens.claims();
  assert.deepEqual(
    [claims?.name, claims?.email, claims?.preferred_username, claims?.groups],
    ['Anna', 'anna@fabrikam.example', 'anna', ['Staff', 'VPN']],
  );
  assert.deepEqual([claims?.amr, claims?.connection], [['wia'], 'corp']);
  assert.equal(claims?.auth_time, Math.floor(earlier.getTime() / 1000));

  const [record] = await hub.store.auditRecords({ action: 'login' }, 1);
  assert.deepEqual([record?.result, record?.subject, record?.connection], ['ok', 'anna', 'corp']);
  assert.match(record?.detail ?? '', /^via front-channel, client .*; by wia$/);
  // Code and wctx are used up.
  assert.equal((await browser.open(delivered.onward ?? '')).status, 404);
  assert.equal((await deliver(wctx, answer())).status, 404);
});

test('a user has the same subject whether signed in by ticket or by password', async (t) => {
  const { app, connector, answer, deliver } = await startFronted(t);
  connector.answerAll(() => ({ profile: { id: 'anna-id' } }));
  const browser = createPlainBrowser();
  const { url, checks } = await app.begin();
  const page = await browser.follow(await browser.open(url));
  const end = await browser.follow(await browser.open((await deliver(sentWith(page)?.get('wctx') ?? '', answer())).onward ?? ''));
  const byTicket = (await app.finish(end.onward ?? '', checks)).claims()?.sub;
  const other = createPlainBrowser();
  const { url: again, checks: checksAgain } = await app.begin();
  const form = await other.open(`${(await other.follow(await other.open(again))).url}?password`);
  const done = await other.follow(await other.submit(form, pathOf(form), { username: 'anna', password: 'right' }));
  assert.equal((await app.finish(done.onward ?? '', checksAgain)).claims()?.sub, byTicket);
});

test('shows the form outside the IP ranges, and if no connector can take the user', async (t) => {
  const { hub, begin, connector, provisioned } = await startFronted(t);
  const change = (changes: object) => hub.api('/connections/corp', changes, 'PATCH');
  const first = async () => begin(createPlainBrowser());
  assert.ok(sentWith(await first()));
  await change({ ipRanges: ['203.0.113.0/24'] });
  const outside = await first();
  assert.match(outside.text, PASSWORD_FORM);
  assert.doesNotMatch(outside.text, /without a password/);
  await change({ ipRanges: HERE, kerberos: false });
  assert.match((await first()).text, PASSWORD_FORM);
  await change({ certAuth: true });
  assert.ok(sentWith(await first()));
  connector.socket.close();
  await connector.closed;
  assert.match((await first()).text, PASSWORD_FORM);
  const again = await connect(provisioned, { token: await agentToken(provisioned, { unique: true }) });
  assert.ok(sentWith(await first()));
  again.socket.close();
});

test('stores only addresses that browsers may be redirected to', async (t) => {
  const hub = await startHubForTest(t);
  let connections = 0;
  const stored = async (signInEndpoint: string) => {
    const name = `corp${++connections}`;
    await provision(await hub.createConnection(name), identity, { signInEndpoint });
    const connection = await hub.store.connectionByName(name);
    return (await hub.store.certificates(connection?.id ?? ''))[0]?.signInEndpoint;
  };
  const identity = makeIdentity();
  assert.equal(await stored('https://dc1.fabrikam.example/wsfed'), 'https://dc1.fabrikam.example/wsfed');
  for (const bad of [
    'http://dc1.fabrikam.example/wsfed',
    'http://localhost.evil.example/wsfed',
    'javascript:alert(1)',
    'not a URL',
    'https://a:b@dc1/wsfed',
    'https://dc1/wsfed#x',
    '',
    `https://dc1/${'x'.repeat(3000)}`,
  ]) {
    await t.test(`rejects "${bad.slice(0, 60)}"`, async () => assert.equal(await stored(bad), undefined));
  }
  for (const loopback of ['http://localhost:4000/wsfed', 'http://127.0.0.1:4000/wsfed', 'http://[::1]:4000/wsfed']) {
    await t.test(`accepts ${loopback}`, async () => assert.equal(await stored(loopback), loopback));
  }
});

test('chooses an online connector among several', async (t) => {
  const { hub, begin, connector } = await startFronted(t);
  const { body } = await hub.api('/connections/corp/ticket', {});
  const other = await provision(body.ticket, makeIdentity(), { signInEndpoint: 'https://dc2.fabrikam.example/wsfed' });
  const second = await connect(other);
  connector.socket.close();
  await connector.closed;
  const page = await begin(createPlainBrowser());
  assert.match(page.onward ?? '', /^https:\/\/dc2\.fabrikam\.example\/wsfed\?/);
  second.socket.close();
});

test('a user who returns without an assertion gets the form and is not redirected again automatically', async (t) => {
  const { begin } = await startFronted(t);
  const browser = createPlainBrowser();
  const first = await begin(browser);
  assert.ok(sentWith(first));
  // Several windows opened together are all redirected.
  assert.ok(sentWith(await begin(browser)));
  const cookie = browser.cookies.get('landbridge_front_channel');
  assert.match(cookie?.attributes ?? '', /Max-Age=300; Path=\/login; HttpOnly; SameSite=Lax/);
  // Eleven seconds later.
  const [id = ''] = (cookie?.value ?? '').split('.');
  browser.cookies.set('landbridge_front_channel', { value: `${id}.${Date.now() - 11_000}`, path: '/login', attributes: '' });
  const form = await begin(browser);
  assert.match(form.text, PASSWORD_FORM);
  const direct = /href="([^"]*\/direct\?connection=corp)"/.exec(form.text)?.[1] ?? '';
  assert.ok(sentWith(await browser.open(new URL(direct, form.url).href)));
  // A browser may forge the cookie for itself.
  for (const value of ['', 'x', `${id}.`, `${id}.9e99`, `other.${Date.now()}`]) {
    browser.cookies.set('landbridge_front_channel', { value, path: '/login', attributes: '' });
    assert.ok(sentWith(await begin(browser)), value);
  }
});

test('prompt=login shows the form, and asks the connector for a new authentication if the user chooses it', async (t) => {
  const { begin, hub } = await startFronted(t);
  const browser = createPlainBrowser();
  const page = await begin(browser, { prompt: 'login' });
  assert.match(page.text, PASSWORD_FORM);
  const direct = await browser.open(`${page.url}/direct?connection=corp`);
  assert.equal(sentWith(direct)?.get('wfresh'), '0');
  assert.equal((await browser.open(`${page.url}/direct?connection=unknown`)).status, 400);
  assert.equal(sentWith(await begin(createPlainBrowser(), { max_age: '60' }))?.get('wfresh'), '0');
  await hub.api('/connections/corp', { kerberos: false }, 'PATCH');
  assert.match((await browser.follow(await browser.open(`${page.url}/direct?connection=corp`))).text, /not available right now/);
});

test('the client address selects one of several connections, unless the user wants another account', async (t) => {
  const { begin, hub } = await startFronted(t);
  await hub.createConnection('partners');
  const browser = createPlainBrowser();
  const page = await begin(browser);
  assert.equal(sentWith(page)?.get('wtrealm'), 'urn:landbridge:corp');
  assert.match((await browser.open(`${page.url}?other`)).text, /work e-mail address/);
  await hub.api('/connections/partners', { kerberos: true, ipRanges: HERE }, 'PATCH');
  const who = await begin(createPlainBrowser());
  assert.match(who.text, /work e-mail address/);
  await hub.api('/connections/corp', { emailDomains: ['fabrikam.example'] }, 'PATCH');
  const another = createPlainBrowser();
  const asked = await begin(another);
  assert.ok(sentWith(await another.submit(asked, '/who', { username: 'anna@fabrikam.example' })));
});

test('an assertion counts once, for its own sign-in, in its own browser', async (t) => {
  const { begin, answer, deliver, hub } = await startFronted(t);
  const [victim, attacker] = [createPlainBrowser(), createPlainBrowser()];
  const wctxOf = async (browser: typeof victim) => sentWith(await begin(browser))?.get('wctx') ?? '';
  const ended = async (browser: typeof victim, onward: string | undefined) =>
    (await browser.follow(await browser.open(onward ?? ''))).onward ?? '';

  // The victim's browser posts an assertion to the attacker's wctx: neither is signed in.
  const [ofAttacker, ofVictim] = [await wctxOf(attacker), await wctxOf(victim)];
  const delivered = await deliver(ofAttacker, answer());
  const shown = await victim.open(delivered.onward ?? '');
  assert.equal(shown.status, 404);
  assert.match(shown.text, /Your browser sent no cookie for it/);
  const withoutCode = new URL(delivered.onward ?? '');
  withoutCode.search = '';
  assert.equal((await attacker.open(withoutCode.href)).status, 400);
  assert.equal((await attacker.open(`${withoutCode.href}?code=guessed`)).status, 400);
  assert.equal((await attacker.open(`${withoutCode.href}?code=${ofAttacker.split('.')[1]}`)).status, 400);
  // The code in another sign-in of the victim's browser.
  const [own = ''] = ofVictim.split('.');
  assert.equal((await victim.open(`${hub.hub.publicUrl}/login/${own}/finish${new URL(delivered.onward ?? '').search}`)).status, 400);

  // A used assertion in a sign-in of the attacker.
  const wresult = answer();
  const good = await deliver(ofVictim, wresult);
  const stolen = await deliver(await wctxOf(attacker), wresult);
  assert.match(stolen.onward ?? '', /\?refused$/);
  assert.match(await ended(victim, good.onward), new RegExp(`^${REDIRECT_URI}`));
  const refusedPage = await attacker.open(stolen.onward ?? '');
  assert.match(refusedPage.text, PASSWORD_FORM);
  assert.match(refusedPage.text, /could not be signed in without a password/);
  const [record] = await hub.store.auditRecords({ result: 'front_channel_refused' }, 1);
  assert.match(record?.detail ?? '', /used before/);
  assert.ok(hub.logLines.some(({ msg }) => msg === 'Front-channel sign-in rejected'));

  for (const wctx of ['', 'x', '.', `${own}.`, `${own}.guessed`, ofVictim, '../evil.x'])
    assert.equal((await deliver(wctx, answer())).status, 404, wctx);
  assert.equal((await deliver(await wctxOf(attacker), answer(), { wa: 'wsignout1.0' })).status, 404);
});

test('drops password hashes from the claims', async (t) => {
  const { hub, begin, answer, deliver } = await startFronted(t);
  const wctx = sentWith(await begin(createPlainBrowser()))?.get('wctx') ?? '';
  const { onward = '' } = await deliver(wctx, answer({ others: { userPassword: '{SSHA}x', sAMAccountName: 'anna' } }));
  const [, interaction = '', code = ''] = /\/login\/([^/]+)\/finish\?code=(.+)$/.exec(onward) ?? [];
  const received = await hub.store.takeFrontChannelSignIn(interaction, hashOfToken(code), new Date());
  assert.match(JSON.stringify(received), /"sAMAccountName":"anna"/);
  assert.doesNotMatch(JSON.stringify(received), /SSHA/);
});

test('a rejected assertion uses up its wctx', async (t) => {
  const { begin, answer, deliver } = await startFronted(t);
  const wctx = sentWith(await begin(createPlainBrowser()))?.get('wctx') ?? '';
  assert.match((await deliver(wctx, 'nonsense')).onward ?? '', /\?refused$/);
  assert.equal((await deliver(wctx, answer())).status, 404);
});

test('rejects assertions of another connection, of changed content, and of a revoked key', async (t) => {
  const { begin, answer, deliver, hub } = await startFronted(t);
  const refused = async (wresult: string, why: RegExp) => {
    const wctx = sentWith(await begin(createPlainBrowser()))?.get('wctx') ?? '';
    const { onward } = await deliver(wctx, wresult);
    assert.match(onward ?? '', /\?refused$/);
    const [record] = await hub.store.auditRecords({ result: 'front_channel_refused' }, 1);
    assert.match(record?.detail ?? '', why);
  };
  const partner = makeIdentity();
  await provision(await hub.createConnection('partners'), partner, { signInEndpoint: 'https://partner.example/wsfed' });
  await hub.api('/connections/partners', { emailDomains: ['partners.example'] }, 'PATCH');
  await refused(answer({}, partner), /not signed with a key registered for this connection/);
  await refused(answer({ audience: 'urn:landbridge:partners' }), /audience is not "urn:landbridge:corp"/);
  await refused(answer({ issuer: 'urn:other-hub' }), /issuer/);
  await refused(answer().replace('anna-id', 'boss-id'), /does not match the signed digest/);
  const wctx = sentWith(await begin(createPlainBrowser()))?.get('wctx') ?? '';
  const wresult = answer();
  const { body } = await hub.api('/connections/corp/connectors');
  await hub.api(`/connections/corp/connectors/${body.connectors[0]?.thumbprint}/revoke`, { key: true });
  assert.match((await deliver(wctx, wresult)).onward ?? '', /\?refused$/);
  const [record] = await hub.store.auditRecords({ result: 'front_channel_refused' }, 1);
  assert.match(record?.detail ?? '', /revoked/);
});

test('disabling Kerberos or the connection ends sign-ins in flight', async (t) => {
  const { begin, answer, deliver, hub } = await startFronted(t);
  const browser = createPlainBrowser();
  const wctxOf = async () => sentWith(await begin(createPlainBrowser()))?.get('wctx') ?? '';
  const wctx = await wctxOf();
  const late = sentWith(await begin(browser))?.get('wctx') ?? '';
  const delivered = await deliver(late, answer());
  await hub.api('/connections/corp', { kerberos: false }, 'PATCH');
  assert.match((await deliver(wctx, answer())).onward ?? '', /\?refused$/);
  await hub.api('/connections/corp', { enabled: false }, 'PATCH');
  assert.equal((await browser.open(delivered.onward ?? '')).status, 400);
});

test('an assertion only leads to its own sign-in, and an oversized one is rejected', async (t) => {
  const { begin, answer, deliver } = await startFronted(t);
  const wctx = sentWith(await begin(createPlainBrowser()))?.get('wctx') ?? '';
  assert.equal((await deliver(wctx, 'x'.repeat(1_200_000))).status, 413);
  const extras = { wreply: 'https://evil.example/', redirect_uri: 'https://evil.example/', RelayState: 'https://evil.example' };
  const { onward, text } = await deliver(wctx, answer({ method: KERBEROS_METHOD }), extras);
  assert.equal(new URL(onward ?? '').pathname, `/login/${wctx.split('.')[0]}/finish`);
  assert.doesNotMatch(text, /evil/);
});

test('claims are shown as text and cannot override those of the hub', async (t) => {
  const { app, answer, deliver, hub } = await startFronted(t);
  const browser = createPlainBrowser();
  const { url, checks } = await app.begin();
  const wctx = sentWith(await browser.follow(await browser.open(url)))?.get('wctx') ?? '';
  const others = { sAMAccountName: '&lt;script&gt;alert(1)&lt;/script&gt;', connection: 'admin', sub: 'boss', amr: 'mfa', __proto__x: 'y' };
  const shown = await browser.open((await deliver(wctx, answer({ others }))).onward ?? '');
  assert.doesNotMatch(shown.text, /<script/);
  const claims = (await app.finish((await browser.follow(shown)).onward ?? '', checks)).claims();
  assert.deepEqual([claims?.connection, claims?.amr, claims?.preferred_username], ['corp', ['wia'], '<script>alert(1)</script>']);
  assert.notEqual(claims?.sub, 'boss');
  assert.equal((await hub.store.auditRecords({ action: 'login' }, 1))[0]?.subject, '<script>alert(1)</script>');
});
