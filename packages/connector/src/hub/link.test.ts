import assert from 'node:assert/strict';
import { verify } from 'node:crypto';
import { afterEach, test } from 'node:test';
import { createCertificateAuthority } from '@landbridge/lab';
import { AGENT_RSA, CONNECTION, type FakeHub, HUB_EC, HUB_RSA, jwkOf, REALM, startFakeHub } from '../../test/fake-hub.ts';
import { type LinkUnderTest, linkTo } from '../../test/link-to.ts';

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

async function fakeHub(...args: Parameters<typeof startFakeHub>): Promise<FakeHub> {
  const hub = await startFakeHub(...args);
  toStop.push(() => hub.stop());
  return hub;
}

function link(...args: Parameters<typeof linkTo>): LinkUnderTest {
  const made = linkTo(...args);
  toStop.push(() => made.link.close());
  return made;
}

/** A clock that only waiting advances: each wait is recorded and ends at once, until the hub has been tried `tries` times. */
function fastClock(tries: number) {
  let nowMs = Date.now();
  const waits: number[] = [];
  const done = Promise.withResolvers<number[]>();
  return {
    waits: done.promise,
    clock: {
      now: () => nowMs,
      async sleep(ms: number, signal: AbortSignal) {
        waits.push(ms);
        nowMs += ms;
        if (waits.length < tries) return;
        done.resolve(waits);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      },
    },
  };
}

test('identifies itself in the first frame, signed with its key', async () => {
  const hub = await fakeHub();
  const { reached, lines } = link(hub);
  const agent = await hub.nextAgent();
  const { jwt, capabilities } = agent.authenticate;
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), { alg: 'RS256', typ: 'JWT' });
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  assert.deepEqual(claims, { iss: CONNECTION, aud: REALM, jti: claims.jti, iat: claims.iat, exp: claims.iat + 60 });
  assert.ok(Math.abs(claims.iat - Date.now() / 1000) < 60);
  assert.ok(verify('sha256', Buffer.from(`${header}.${payload}`), AGENT_RSA.publicKey, Buffer.from(signature, 'base64url')));
  assert.deepEqual(capabilities, ['drain', 'changeOwnPassword', 'health', 'reasons', 'steps', 'subject', 'passwordTimes', 'passwordRules']);
  await reached('connected');
  assert.match(lines.join(''), /Connected to hub 127\.0\.0\.1:\d+/);
});

for (const payload of [null, 'yes', 7, [], { capabilities: 'drain' }, { capabilities: [1] }, { welcome: { to: 'us' } }]) {
  test(`connects to a hub that sends ${JSON.stringify(payload)} with \`authenticated\``, async () => {
    const hub = await fakeHub();
    hub.authenticatedPayload = payload;
    const { reached } = link(hub);
    await reached('connected');
  });
}

test('trusts the CA from the settings, and stays connected while the hub answers pings', async () => {
  const authority = await createCertificateAuthority();
  const hub = await fakeHub(await authority.issue({ commonName: 'hub', dnsNames: ['localhost'] }));
  const { reached, lines, link: made } = link(hub, { caCert: authority.cert, times: { heartbeatIntervalMs: 20, heartbeatMisses: 2 } });
  const agent = await hub.nextAgent();
  let pings = 0;
  const tenPings = new Promise<void>((resolve) => agent.socket.on('ping', () => ++pings === 10 && resolve()));
  await reached('connected');
  await tenPings;
  assert.equal(made.status().state, 'connected', lines.join(''));
  const stranger = linkTo(hub);
  toStop.push(() => stranger.link.close());
  assert.match(await stranger.logged(/No connection to the hub/), /certificate/i);
});

for (const [welcome, line] of [
  ['refuse', /HTTP 503/],
  ['close at once', /Hub closed the connection \(1005\); retrying in 0\.\d s/],
  ['close', /Hub closed the connection \(1008\); retrying in 0\.\d s.*go away/],
  ['silent', /did not answer the authentication within 50 ms/],
] as const) {
  test(`retries with growing jittered waits if the hub's welcome is "${welcome}"`, async () => {
    const hub = await fakeHub();
    hub.welcome = welcome;
    const { waits, clock } = fastClock(8);
    const { logged } = link(hub, { clock, times: { authenticateTimeoutMs: 50 } });
    const waited = await waits;
    assert.equal(hub.handshakes, 8);
    for (const [n, ms] of waited.entries()) {
      const full = Math.min(10_000, 500 * 2 ** n);
      assert.ok(ms >= full / 2 && ms <= full, `wait ${n} is ${ms} ms`);
    }
    await logged(line);
  });
}

test('retries if no hub answers, and logs why', async () => {
  const hub = await startFakeHub();
  await hub.stop();
  const { waits, clock } = fastClock(3);
  const { logged } = link(hub, { clock });
  assert.ok(((await waits)[0] ?? 9999) < 1000);
  assert.match(await logged(/No connection/), /HUB_UNREACHABLE.*ECONNREFUSED/);
});

test('retries at least once a minute after a rejection, and logs what to do', async () => {
  const hub = await fakeHub();
  hub.welcome = 'reject';
  const { waits, clock } = fastClock(12);
  const { logged, statuses } = link(hub, { clock, maxReconnectIntervalMs: 1000 });
  const waited = await waits;
  assert.ok(Math.max(...waited) > 30_000 && Math.max(...waited) <= 60_000);
  assert.match(await logged(/rejected this connector/), /Provision it again with a valid ticket/);
  assert.ok(statuses.some((status) => status.state === 'rejected'));
});

test('provisions before each connection, and retries if that fails', async () => {
  const hub = await fakeHub();
  hub.welcome = 'close';
  const { waits, clock } = fastClock(4);
  let provisions = 0;
  const { lines } = link(hub, {
    clock,
    async provision() {
      provisions++;
      if (provisions === 1) throw new Error('no ticket server');
      return {
        hubUrl: provisions === 2 ? 'nonsense' : hub.url,
        connection: 'c',
        realm: 'r',
        signingKeyPem: undefined,
        hubIdentity: undefined,
        jwksUrl: hub.jwksUrl,
      };
    },
  });
  await waits;
  assert.equal(provisions, 4);
  assert.equal(hub.handshakes, 2);
  assert.match(lines.join(''), /no ticket server/);
  assert.match(lines.join(''), /HUB_URL_INVALID/);
});

test('resets the backoff only after a connection that lasted', async () => {
  const hub = await fakeHub();
  const { waits, clock } = fastClock(4);
  const { link: made } = link(hub, { clock });
  // Accepted and dropped each time: it never lasts.
  const drop = async () => {
    while (made.status().state !== 'stopped') (await hub.nextAgent()).socket.terminate();
  };
  drop().catch(assert.fail);
  const waited = await waits;
  assert.ok((waited[3] ?? 0) >= 2000, String(waited));
});

test('notices a dropped socket at once, and a silent one after a few pings', async () => {
  const hub = await fakeHub();
  const { logged, statuses } = link(hub, { times: { heartbeatIntervalMs: 20 } });
  (await hub.nextAgent()).socket.terminate();
  assert.match(await logged(/Hub closed/), /Hub closed the connection \(1006\); retrying in 0\.\d s/);
  const second = await hub.nextAgent();
  // A peer that reads nothing does not answer pings.
  second.socket.pause();
  await logged(/HUB_SILENT/);
  await hub.nextAgent();
  assert.deepEqual([...new Set(statuses.map(({ state }) => state))], ['connecting', 'connected', 'waiting']);
});

test('reconnects within 5 s if the hub sends requests but no longer reads', async () => {
  const hub = await fakeHub();
  const { logged } = link(hub);
  const agent = await hub.nextAgent();
  // Bypasses the session, so that the agent reads neither answers nor pings but keeps sending.
  agent.socket.pause();
  const since = performance.now();
  const sending = setInterval(() => agent.ask('authenticate_user', { username: 'a', password: 'b' }), 5);
  toStop.push(async () => clearInterval(sending));
  await logged(/HUB_SILENT/);
  await hub.nextAgent();
  assert.ok(performance.now() - since < 6000, `${performance.now() - since} ms`);
});

test('ends the connection on a later authentication failure', async () => {
  const hub = await fakeHub();
  const { reached } = link(hub);
  (await hub.nextAgent()).send('authentication_failure', { reason: 'deleted' });
  await reached('rejected');
});

test('sends its instance to the hub, and logs the reason for a rejection', async () => {
  const hub = await fakeHub();
  const instance = { id: 'f81d4fae-7dec', hostName: 'dc1', version: '1.2.3' };
  const { reached, logged } = link(hub, { target: { instance } });
  const agent = await hub.nextAgent();
  assert.deepEqual(agent.authenticate.instance, instance);
  agent.send('authentication_failure', { reason: 'approval_pending' });
  const status = await reached('rejected');
  assert.match(status.state === 'rejected' ? status.reason : '', /approve/);
  assert.match(await logged(/rejected this connector/), /an administrator of the hub must approve it/);
});

test('follows the hub’s JWKS document through a rotation, and while it cannot be fetched', async () => {
  const hub = await fakeHub();
  hub.jwks = { keys: [jwkOf(HUB_EC.publicKey, { kid: 'one' })] };
  const { logged } = link(hub, {
    target: { signingKeyPem: undefined, jwksUrl: hub.jwksUrl },
    users: { listGroups: async () => ({ groups: ['g'] }) },
  });
  const agent = await hub.nextAgent();
  const ask = async (signing: Parameters<typeof agent.ask>[2]) => {
    const pid = agent.ask('list_groups', {}, signing);
    assert.deepEqual(await agent.nextFrame(), { n: `${pid}_list_groups_result`, p: { groups: ['g'] } });
  };
  await ask({ alg: 'ES256', key: HUB_EC.privateKey, header: { kid: 'one' } });
  hub.jwks = { keys: [jwkOf(HUB_RSA.publicKey, { kid: 'two' })] };
  await ask({ alg: 'RS256', key: HUB_RSA.privateKey, header: { kid: 'two' } });
  hub.jwks = 500;
  agent.ask('list_groups', {}, { alg: 'ES256', key: HUB_EC.privateKey, header: { kid: 'one' } });
  await logged(/Dropped a request.*does not publish/);
  await ask({ alg: 'RS256', key: HUB_RSA.privateKey, header: { kid: 'two' } });
  assert.equal(hub.jwksFetches, 2);
});

test('on closing, sends `draining` if the hub knows it, answers requests in progress, and closes with 1000', async () => {
  const hub = await fakeHub();
  hub.authenticatedPayload = { capabilities: ['drain', 'other'] };
  const work = Promise.withResolvers<{ groups: string[] }>();
  const { link: made, reached } = link(hub, { users: { listGroups: () => work.promise } });
  const agent = await hub.nextAgent();
  await reached('connected');
  const pid = agent.ask('list_groups', {});
  // Frames keep their order, so the pong shows that the request has been taken.
  agent.socket.ping();
  await new Promise((resolve) => agent.socket.once('pong', resolve));
  const closing = made.close();
  assert.deepEqual(await agent.nextFrame(), { n: 'draining' } as unknown);
  work.resolve({ groups: ['late'] });
  assert.deepEqual(await agent.nextFrame(), { n: `${pid}_list_groups_result`, p: { groups: ['late'] } });
  assert.equal((await agent.closed).code, 1000);
  await closing;
  assert.equal(made.status().state, 'stopped');
  assert.equal(hub.handshakes, 1);
});

test('on closing, answers requests in progress with an error after the grace period', async () => {
  const hub = await fakeHub();
  const { link: made, reached } = link(hub, { users: { listGroups: () => new Promise(() => {}) }, times: { drainTimeoutMs: 50 } });
  const agent = await hub.nextAgent();
  await reached('connected');
  const pid = agent.ask('list_groups', {});
  agent.socket.ping();
  await new Promise((resolve) => agent.socket.once('pong', resolve));
  await made.close();
  const answer = await agent.nextFrame();
  assert.equal(answer.n, `${pid}_list_groups_result`, 'no `draining` for a hub that does not know it');
  assert.match(JSON.stringify(answer.p), /Unexpected Error.*STOPPING/);
  assert.equal((await agent.closed).code, 1000);
});

test('closes while dialling, waiting or provisioning', async () => {
  const hub = await fakeHub();
  hub.welcome = 'silent';
  const dialling = link(hub);
  await hub.nextAgent();
  await dialling.link.close();
  hub.welcome = 'refuse';
  const waiting = link(hub);
  await waiting.reached('waiting');
  await waiting.link.close();
  const provisioning = link(hub, {
    provision: (signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  });
  await provisioning.link.close();
  for (const { link: made } of [dialling, waiting, provisioning]) assert.equal(made.status().state, 'stopped');
});
