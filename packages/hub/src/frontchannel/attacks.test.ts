/** What people try who are not signed in yet: at the wrong moment, twice at once, from another address, after somebody has locked the door. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendRaw, statusesIn } from '@landbridge/lab';
import { createLog, loadSettings } from '@landbridge/runtime';
import { hashOfToken } from '@landbridge/web';
import { REDIRECT_URI } from '../../test/application.ts';
import { makeIdentity, provision } from '../../test/foreign-connector.ts';
import { type Fronted, sentWith, startFronted } from '../../test/front-channel.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { createPlainBrowser, type PlainBrowser } from '../../test/plain-browser.ts';
import { rawRequest } from '../../test/raw-http.ts';
import { createOnlineConnectors } from '../connectors/online.ts';
import { startHub } from '../hub.ts';
import { HUB_SETTINGS } from '../settings.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { createFrontChannel } from './front-channel.ts';

async function wctxOf(fronted: Fronted, browser: PlainBrowser = createPlainBrowser()): Promise<string> {
  const wctx = sentWith(await fronted.begin(browser))?.get('wctx');
  assert.ok(wctx);
  return wctx;
}

test('of several answers at the same moment one counts', async (t) => {
  const fronted = await startFronted(t);
  const { deliver, answer } = fronted;
  const isCode = ({ onward }: { onward: string | undefined }) => onward?.includes('/finish?code=') === true;
  // Different assertions for one sign-in, one assertion for different sign-ins, and all the same.
  const wctx = await wctxOf(fronted);
  const forOne = await Promise.all(Array.from({ length: 8 }, () => deliver(wctx, answer())));
  assert.equal(forOne.filter(isCode).length, 1);
  assert.equal(forOne.filter(({ status }) => status === 404).length, 7);
  const several = [await wctxOf(fronted), await wctxOf(fronted), await wctxOf(fronted)];
  const wresult = answer();
  assert.equal((await Promise.all(several.map((each) => deliver(each, wresult)))).filter(isCode).length, 1);

  // And a code is good once.
  const browser = createPlainBrowser();
  const { onward = '' } = await deliver(await wctxOf(fronted, browser), answer());
  const ends = await Promise.all(Array.from({ length: 4 }, async () => (await browser.open(onward)).status));
  assert.equal(ends.filter((status) => status === 200).length, 1, ends.join());
});

test('what was used stays used in another process, and what was begun can be ended there', async (t) => {
  const fronted = await startFronted(t);
  const { hub, deliver, answer } = fronted;
  const used = answer();
  assert.match((await deliver(await wctxOf(fronted), used)).onward ?? '', /code=/);
  const [first, second] = [await wctxOf(fronted), await wctxOf(fronted)];

  const store = openSqliteStore(hub.databasePath);
  const { values: settings } = loadSettings(HUB_SETTINGS, { file: {}, environment: { PORT: '0', STOP_GRACE_MS: '0' } });
  const another = await startHub({ settings, store, log: createLog({ level: 'error', format: 'json' }).log });
  t.after(async () => {
    await another.close();
    await store.close();
  });
  const answered = async (wctx: string, wresult: string) => {
    const body = new URLSearchParams({ wa: 'wsignin1.0', wctx, wresult });
    const { text } = await createPlainBrowser().open(`${another.url}/login/callback`, { method: 'POST', body });
    return text;
  };
  assert.match(await answered(first, used), /\?refused"/);
  const [record] = await store.auditRecords({ result: 'front_channel_refused' }, 1);
  assert.match(record?.detail ?? '', /used before/);
  assert.match(await answered(second, answer()), /\/finish\?code=/);
});

test('what was used is remembered for as long as there is a sign-in that it would fit', async (t) => {
  const { hub, answer } = await startFronted(t);
  const connectionId = (await hub.store.connectionByName('corp'))?.id ?? '';
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
  const online = createOnlineConnectors(log, 60_000);
  t.after(() => online.stop());
  const begin = Date.now();
  let minutes = 0;
  const now = () => new Date(begin + minutes * 60_000);
  const events = { emit: async () => {} };
  const frontChannel = createFrontChannel({ store: hub.store, online, events, log, publicUrl: () => hub.hub.publicUrl, now });
  const leave = async (interaction: string) => {
    const expiresAt = new Date(now().getTime() + 10 * 60_000);
    const payload = { clientId: 'app', sentAt: now().toISOString() };
    await hub.store.putFrontChannelSignIn({ interaction, connectionId, secretHash: hashOfToken('s'), payload, expiresAt });
  };
  const receive = async (interaction: string, wresult: string) => {
    await hub.store.removeExpiredFrontChannelState(now());
    const form = new URLSearchParams({ wa: 'wsignin1.0', wctx: `${interaction}.s`, wresult });
    return (await frontChannel.receive(form, '127.0.0.1'))?.code !== undefined;
  };
  const [wresult, other] = [answer({ issuedAt: now() }), answer({ issuedAt: now() })];
  await leave('first');
  assert.equal(await receive('first', wresult), true);
  // With clocks that are apart it would fit sign-ins that begin a little later.
  minutes = 4.9;
  for (const interaction of ['second', 'third', 'fourth']) await leave(interaction);
  minutes = 14.8;
  assert.equal(await receive('second', wresult), false);
  assert.equal(await receive('third', other), true);
  minutes = 14.95;
  assert.equal(await receive('fourth', answer({ issuedAt: now() })), false, 'its time is over');
});

test('who has the code is not signed in any more where key, connection or way were taken away meanwhile', async (t) => {
  const ways: [string, (fronted: Fronted) => Promise<unknown>][] = [
    [
      'the key revoked',
      async ({ hub }) => {
        const { body } = await hub.api('/connections/corp/connectors');
        return hub.api(`/connections/corp/connectors/${body.connectors[0]?.thumbprint}/revoke`, { key: true });
      },
    ],
    ['the connection deleted', ({ hub }) => hub.api('/connections/corp', undefined, 'DELETE')],
    ['the connection switched off', ({ hub }) => hub.api('/connections/corp', { enabled: false }, 'PATCH')],
  ];
  for (const [name, take] of ways) {
    const fronted = await startFronted(t);
    const [browser, late] = [createPlainBrowser(), await wctxOf(fronted)];
    const { onward } = await fronted.deliver(await wctxOf(fronted, browser), fronted.answer());
    assert.match(onward ?? '', /code=/);
    await take(fronted);
    const end = await browser.follow(await browser.open(onward ?? ''));
    assert.equal(end.status, 400, name);
    assert.ok(!(end.onward ?? '').startsWith(REDIRECT_URI), name);
    assert.deepEqual(await fronted.hub.store.auditRecords({ action: 'login', result: 'ok' }, 1), [], name);
    // An answer that comes later is none, either, and says no more than that.
    const after = await fronted.deliver(late, fronted.answer());
    assert.ok(after.status === 404 || /\?refused$/.test(after.onward ?? ''), name);
  }
});

test('where the application wants a new proof, a session at the connector is none, also if somebody took that out of the address', async (t) => {
  const { hub, begin, answer, deliver } = await startFronted(t);
  const directly = async (parameters: Record<string, string>) => {
    const browser = createPlainBrowser();
    const { url } = await begin(browser, parameters);
    const asked = sentWith(await browser.open(`${url}/direct?connection=corp`));
    assert.equal(asked?.get('wfresh'), '0');
    return asked?.get('wctx') ?? '';
  };
  const earlier = new Date(Date.now() - 6 * 60_000);
  const old = await deliver(await directly({ prompt: 'login' }), answer({ authenticatedAt: earlier }));
  assert.match(old.onward ?? '', /\?refused$/);
  const [record] = await hub.store.auditRecords({ result: 'front_channel_refused' }, 1);
  assert.match(record?.detail ?? '', /requires a new authentication/);
  assert.match((await deliver(await directly({ prompt: 'login' }), answer())).onward ?? '', /code=/);
});

test('nobody comes into the ranges by what they say of themselves', async (t) => {
  const isSent = async (fronted: Fronted, forwardedFor: string) => {
    const browser = createPlainBrowser();
    const { onward = '' } = await browser.open((await fronted.app.begin()).url);
    return sentWith(await browser.open(onward, { headers: { 'X-Forwarded-For': forwardedFor, 'X-Real-IP': '10.1.2.3' } })) !== undefined;
  };
  // So many headers that the one that a proxy adds at the end might be left out.
  const flooded = async ({ hub, app }: Fronted) => {
    const { onward = '' } = await createPlainBrowser().open((await app.begin()).url);
    const filling = Array.from({ length: 97 }, (_, n) => `X-${n}: y`);
    const headers = ['Host: hub', 'X-Forwarded-For: 10.1.2.3', ...filling, 'X-Forwarded-For: 203.0.113.9'];
    return sendRaw(hub.hub.url, rawRequest(`GET ${new URL(onward).pathname} HTTP/1.1`, headers));
  };
  const direct = await startFronted(t, { ipRanges: ['10.0.0.0/8'] });
  assert.equal(await isSent(direct, '10.1.2.3'), false);
  const proxied = await startFronted(t, { ipRanges: ['10.0.0.0/8', '2001:db8::/32'] }, { TRUSTED_PROXIES: '127.0.0.1' });
  for (const inside of ['10.1.2.3', '::ffff:10.1.2.3', '203.0.113.9, 10.1.2.3', '2001:db8::1', '[2001:db8::1]:4711', '10.1.2.3:4711']) {
    assert.equal(await isSent(proxied, inside), true, inside);
  }
  for (const outside of [
    '203.0.113.9',
    '10.1.2.3, 203.0.113.9',
    '::ffff:203.0.113.9',
    '10.1.2.3,',
    '010.1.2.3',
    '10.1.2.3.4',
    'unknown',
    '',
  ]) {
    assert.equal(await isSent(proxied, outside), false, outside);
  }
  assert.deepEqual(statusesIn(await flooded(proxied)), [431]);
});

test('an address that a connector tells becomes no header, no second address and no markup', async (t) => {
  const hub = await startHubForTest(t);
  const ticket = await hub.createConnection();
  const identity = makeIdentity();
  for (const [told, kept] of [
    ['https://dc1.example/wsfed\r\nSet-Cookie: a=b', 'https://dc1.example/wsfedSet-Cookie:%20a=b'],
    ['https://dc1.example/"><script>alert(1)</script>', 'https://dc1.example/%22%3E%3Cscript%3Ealert(1)%3C/script%3E'],
    ["https://dc1.example/';url=https://evil.example", "https://dc1.example/';url=https://evil.example"],
    ['https://dc1.example\\@evil.example/', 'https://dc1.example/@evil.example/'],
    ['https://dc1.example:443/a/../b', 'https://dc1.example/b'],
    ['//evil.example/', undefined],
    ['https:evil', 'https://evil/'],
    ['file:///etc/passwd', undefined],
    ['https://user@dc1.example/', undefined],
    ['http://127.1.evil.example/', undefined],
    ['http://2130706433/', 'http://127.0.0.1/'],
  ] as const) {
    await provision(ticket, identity, { signInEndpoint: told });
    const connection = await hub.store.connectionByName('corp');
    const [certificate] = await hub.store.certificates(connection?.id ?? '');
    assert.equal(certificate?.signInEndpoint, kept, told);
  }
});

test('where the browser is sent, the address keeps what it had, and gets nothing that it did not ask for', async (t) => {
  const fronted = await startFronted(t);
  await provision((await fronted.hub.api('/connections/corp/ticket', {})).body.ticket, fronted.provisioned.identity, {
    signInEndpoint: `https://dc1.fabrikam.example/wsfed?a="><b>&wctx=theirs&wa=theirs`,
  });
  const page = await fronted.begin(createPlainBrowser());
  assert.doesNotMatch(page.text, /"><b>/);
  const { searchParams } = new URL(page.onward ?? '');
  assert.deepEqual(searchParams.getAll('wa'), ['wsignin1.0']);
  assert.equal(searchParams.getAll('wctx').length, 1);
  assert.notEqual(searchParams.get('wctx'), 'theirs');
});
