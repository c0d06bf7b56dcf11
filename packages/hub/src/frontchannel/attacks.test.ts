/** Attacks without a session: replays, races, forged addresses, and access that was revoked meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendRaw, statusesIn } from '@landbridge/lab';
import { createLog, loadSettings } from '@landbridge/runtime';
import { hashOfToken } from '@landbridge/web';
import { REDIRECT_URI } from '../../test/application.ts';
import { TEST_CHAIN, TEST_KEY } from '../../test/audit-for-test.ts';
import { makeIdentity, provision } from '../../test/foreign-connector.ts';
import { type Fronted, sentWith, startFronted } from '../../test/front-channel.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { createPlainBrowser, type PlainBrowser } from '../../test/plain-browser.ts';
import { rawRequest } from '../../test/raw-http.ts';
import { createOnlineConnectors } from '../connectors/online.ts';
import { startHub } from '../hub.ts';
import { HUB_SETTINGS } from '../settings.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { createFrontChannelFlow } from './front-channel.ts';

async function wctxOf(fronted: Fronted, browser: PlainBrowser = createPlainBrowser()): Promise<string> {
  const wctx = sentWith(await fronted.begin(browser))?.get('wctx');
  assert.ok(wctx);
  return wctx;
}

test('accepts only one of several assertions that arrive at the same moment', async (t) => {
  const fronted = await startFronted(t);
  const { deliver, answer } = fronted;
  const isCode = ({ onward }: { onward: string | undefined }) => onward?.includes('/finish?code=') === true;
  // Different assertions for one sign-in, then one assertion for different sign-ins.
  const wctx = await wctxOf(fronted);
  const forOne = await Promise.all(Array.from({ length: 8 }, () => deliver(wctx, answer())));
  assert.equal(forOne.filter(isCode).length, 1);
  assert.equal(forOne.filter(({ status }) => status === 404).length, 7);
  const several = [await wctxOf(fronted), await wctxOf(fronted), await wctxOf(fronted)];
  const wresult = answer();
  assert.equal((await Promise.all(several.map((each) => deliver(each, wresult)))).filter(isCode).length, 1);

  // A code works once.
  const browser = createPlainBrowser();
  const { onward = '' } = await deliver(await wctxOf(fronted, browser), answer());
  const ends = await Promise.all(Array.from({ length: 4 }, async () => (await browser.open(onward)).status));
  assert.equal(ends.filter((status) => status === 303).length, 1, ends.join());
});

test('another process rejects a used assertion and finishes a sign-in that was begun here', async (t) => {
  const fronted = await startFronted(t);
  const { hub, deliver, answer } = fronted;
  const used = answer();
  assert.match((await deliver(await wctxOf(fronted), used)).onward ?? '', /code=/);
  const [first, second] = [await wctxOf(fronted), await wctxOf(fronted)];

  const store = openSqliteStore(hub.databasePath, TEST_KEY);
  const { values: settings } = loadSettings(HUB_SETTINGS, { file: {}, environment: { PORT: '0', STOP_GRACE_MS: '0' } });
  const another = await startHub({ settings, store, chain: TEST_CHAIN, log: createLog({ level: 'error', format: 'json' }).log });
  t.after(async () => {
    await another.close();
    await store.close();
  });
  const answered = async (wctx: string, wresult: string) => {
    const body = new URLSearchParams({ wa: 'wsignin1.0', wctx, wresult });
    const { onward } = await createPlainBrowser().open(`${another.url}/login/callback`, { method: 'POST', body });
    return onward ?? '';
  };
  assert.match(await answered(first, used), /\?refused$/);
  const [record] = await store.auditRecords({ result: 'front_channel_refused' }, 1);
  assert.match(record?.detail ?? '', /used before/);
  assert.match(await answered(second, answer()), /\/finish\?code=/);
});

test('remembers a used assertion for as long as any sign-in would accept it', async (t) => {
  const { hub, answer } = await startFronted(t);
  const connectionId = (await hub.store.connectionByName('corp'))?.id ?? '';
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
  const online = createOnlineConnectors(log, 60_000);
  t.after(() => online.stop());
  const startedAt = Date.now();
  let minutes = 0;
  const now = () => new Date(startedAt + minutes * 60_000);
  const events = { emit: async () => {} };
  const frontChannel = createFrontChannelFlow({ store: hub.store, online, events, log, publicUrl: () => hub.hub.publicUrl, now });
  const begin = async (interaction: string) => {
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
  await begin('first');
  assert.equal(await receive('first', wresult), true);
  // Allowing for clock skew, it would fit sign-ins that begin a little later.
  minutes = 4.9;
  for (const interaction of ['second', 'third', 'fourth']) await begin(interaction);
  minutes = 14.8;
  assert.equal(await receive('second', wresult), false);
  assert.equal(await receive('third', other), true);
  minutes = 14.95;
  assert.equal(await receive('fourth', answer({ issuedAt: now() })), false, 'expired');
});

test('a code is worthless once the key is revoked or the connection is deleted or disabled', async (t) => {
  const changes: [string, (fronted: Fronted) => Promise<unknown>][] = [
    [
      'key revoked',
      async ({ hub }) => {
        const { body } = await hub.api('/connections/corp/connectors');
        return hub.api(`/connections/corp/connectors/${body.connectors[0]?.thumbprint}/revoke`, { key: true });
      },
    ],
    ['connection deleted', ({ hub }) => hub.api('/connections/corp', undefined, 'DELETE')],
    ['connection disabled', ({ hub }) => hub.api('/connections/corp', { enabled: false }, 'PATCH')],
  ];
  for (const [name, change] of changes) {
    await t.test(name, async (t) => {
      const fronted = await startFronted(t);
      const [browser, late] = [createPlainBrowser(), await wctxOf(fronted)];
      const { onward } = await fronted.deliver(await wctxOf(fronted, browser), fronted.answer());
      assert.match(onward ?? '', /code=/);
      await change(fronted);
      const end = await browser.follow(await browser.open(onward ?? ''));
      assert.equal(end.status, 400);
      assert.ok(!(end.onward ?? '').startsWith(REDIRECT_URI));
      assert.deepEqual(await fronted.hub.store.auditRecords({ action: 'login', result: 'ok' }, 1), []);
      // An assertion that arrives later is rejected too.
      const after = await fronted.deliver(late, fronted.answer());
      assert.ok(after.status === 404 || /\?refused$/.test(after.onward ?? ''));
    });
  }
});

test('rejects an old authentication if the application requires a new one, even if the user removes wfresh', async (t) => {
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

test('only trusted proxies can place a client within the IP ranges', async (t) => {
  const isSent = async (fronted: Fronted, forwardedFor: string) => {
    const browser = createPlainBrowser();
    const { onward = '' } = await browser.open((await fronted.app.begin()).url);
    return sentWith(await browser.open(onward, { headers: { 'X-Forwarded-For': forwardedFor, 'X-Real-IP': '10.1.2.3' } })) !== undefined;
  };
  // So many headers that a parser might drop the one that a proxy appends.
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
    await t.test(`inside: ${inside}`, async () => assert.equal(await isSent(proxied, inside), true));
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
    await t.test(`outside: ${outside}`, async () => assert.equal(await isSent(proxied, outside), false));
  }
  assert.deepEqual(statusesIn(await flooded(proxied)), [431]);
});

test('a registered address cannot inject headers, another address or markup', async (t) => {
  const hub = await startHubForTest(t);
  const identity = makeIdentity();
  let connections = 0;
  for (const [registered, kept] of [
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
    await t.test(registered, async () => {
      const name = `corp${++connections}`;
      await provision(await hub.createConnection(name), identity, { signInEndpoint: registered });
      const connection = await hub.store.connectionByName(name);
      const [certificate] = await hub.store.certificates(connection?.id ?? '');
      assert.equal(certificate?.signInEndpoint, kept);
    });
  }
});

test('the redirect keeps the query of the registered address and overrides its protocol parameters', async (t) => {
  const fronted = await startFronted(t);
  const signInEndpoint = `https://dc1.fabrikam.example/wsfed?a="><b>&wctx=theirs&wa=theirs`;
  await provision(await fronted.hub.addConnector(), fronted.provisioned.identity, { signInEndpoint });
  const [certificate] = (await fronted.hub.api('/connections/corp')).body.connection.certificates;
  const path = `/connections/corp/connectors/${certificate?.thumbprint}/confirm-change`;
  assert.equal((await fronted.hub.api(path, { signInEndpoint: certificate?.requestedEndpoint })).status, 204);
  const page = await fronted.begin(createPlainBrowser());
  assert.doesNotMatch(page.text, /"><b>/);
  const { searchParams } = new URL(page.onward ?? '');
  assert.deepEqual(searchParams.getAll('wa'), ['wsignin1.0']);
  assert.equal(searchParams.getAll('wctx').length, 1);
  assert.notEqual(searchParams.get('wctx'), 'theirs');
});
