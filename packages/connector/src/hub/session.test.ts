import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, test } from 'node:test';
import type { LoginClaims } from '@landbridge/protocol';
import { createLog } from '@landbridge/runtime';
import { decodeJwt } from 'jose';
import { type FakeAgent, type FakeHub, HUB_FINGERPRINT, HUB_RSA, jwkOf, signToken, startFakeHub } from '../../test/fake-hub.ts';
import { linkTo } from '../../test/link-to.ts';
import { createCheckHubToken } from '../agent/hub-tokens.ts';

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

const CAPABILITIES = ['drain', 'health', 'subject'];
const SIGN_IN = JSON.stringify({ n: 'authenticate_user', p: { pid: 'evil', username: 'ada', password: 'guess', exp: 4_000_000_000 } });

async function startHub(): Promise<FakeHub> {
  const hub = await startFakeHub();
  hub.authenticatedPayload = { capabilities: CAPABILITIES };
  toStop.push(() => hub.stop());
  return hub;
}

function pinnedLink(hub: FakeHub, target: { hubIdentity: string | undefined } = { hubIdentity: HUB_FINGERPRINT }) {
  const passwords: string[] = [];
  const authenticate = async ({ username, password }: LoginClaims) => {
    passwords.push(password);
    return { profile: { id: username }, subject: username };
  };
  const made = linkTo(hub, { target: { ...target, signingKeyPem: undefined, jwksUrl: hub.jwksUrl }, users: { authenticate } });
  toStop.push(() => made.link.close());
  return { ...made, passwords };
}

async function connected() {
  const hub = await startHub();
  const made = pinnedLink(hub);
  const agent = await hub.nextAgent();
  await made.reached('connected');
  assert.equal((await agent.nextFrame()).n, 'health');
  return { ...made, hub, agent };
}

function sealed({ session }: FakeAgent, text: string): Buffer {
  return session?.seal(text) ?? assert.fail('no session');
}

test('in a session with the hub of its ticket, serves sign-in requests without a token', async () => {
  const { agent, passwords } = await connected();
  const heard: Buffer[] = [];
  agent.socket.on('message', (data: Buffer, isBinary: boolean) => heard.push(isBinary ? data : assert.fail('a text frame')));
  for (const password of ['secret word', 'another']) {
    const pid = agent.ask('authenticate_user', { username: 'ada', password });
    assert.deepEqual(await agent.nextFrame(), { n: `${pid}_result`, p: { profile: { id: 'ada' }, subject: 'ada' } });
  }
  assert.deepEqual(passwords, ['secret word', 'another']);
  for (const frame of heard) assert.doesNotMatch(frame.toString('latin1'), /ada|result|profile/);
});

test('answers requests in a session that are too long to read, and serves the next one', async () => {
  const { agent, passwords } = await connected();
  const pid = agent.ask('authenticate_user', { username: 'x'.repeat(2 * 1024 * 1024), password: 'p' });
  const { n, p } = await agent.nextFrame();
  assert.equal(n, `${pid}_result`);
  assert.match(JSON.stringify(p), /REQUEST_TOO_LARGE/);
  const next = agent.ask('authenticate_user', { username: 'ada', password: 'secret word' });
  assert.equal((await agent.nextFrame()).n, `${next}_result`);
  assert.deepEqual(passwords, ['secret word']);
});

test('requests a session only from a hub with an identity', async () => {
  const hub = await startHub();
  const { passwords } = pinnedLink(hub, { hubIdentity: undefined });
  const agent = await hub.nextAgent();
  assert.equal(decodeJwt(agent.authenticate.jwt).session, undefined);
  hub.jwks = { keys: [jwkOf(HUB_RSA.publicKey, { kid: 'rsa' })] };
  const pid = agent.ask('authenticate_user', { username: 'ada', password: 'p' }, { header: { kid: 'rsa' } });
  assert.equal((await agent.nextFrame()).n, 'health');
  assert.equal((await agent.nextFrame()).n, `${pid}_result`);
  assert.deepEqual(passwords, ['p']);
});

describe('a hub that does not prove the pinned identity gets no answer', () => {
  const cases: [string, Partial<Pick<FakeHub, 'changeSession' | 'changeAnswer'>>, string?][] = [
    ['an answer without a session', { changeSession: () => undefined }],
    ['an answer without a payload', { changeAnswer: () => undefined }],
    ['another identity', {}, Buffer.alloc(32, 7).toString('base64url')],
    ['an answer with another key', { changeSession: (answer) => ({ ...answer, key: HUB_FINGERPRINT }) }],
    ['a malformed answer', { changeSession: (answer) => ({ ...answer, signature: 'x' }) }],
    ['an answer without some capabilities', { changeAnswer: (payload) => ({ ...payload, capabilities: ['drain', 'health'] }) }],
    ['an answer without capabilities', { changeAnswer: ({ session }) => ({ session }) }],
  ];
  for (const [what, changes, hubIdentity = HUB_FINGERPRINT] of cases) {
    test(what, async () => {
      const hub = Object.assign(await startHub(), changes);
      const { logged, reached, passwords } = pinnedLink(hub, { hubIdentity });
      const agent = await hub.nextAgent();
      agent.socket.send(SIGN_IN);
      hub.jwks = { keys: [jwkOf(HUB_RSA.publicKey, { kid: 'rsa' })] };
      const jwt = signToken({ pid: 'evil', username: 'ada', password: 'guess' }, { header: { kid: 'rsa' } });
      agent.socket.send(JSON.stringify({ n: 'authenticate_user', p: { jwt } }));
      await logged(/HUB_NOT_TRUSTED/);
      await reached('waiting');
      assert.equal((await agent.closed).code, 1006);
      assert.deepEqual([passwords, agent.frames], [[], []]);
    });
  }
});

describe('a frame other than the hub’s next one ends the socket, and no password is tried', () => {
  const token = () => signToken({ pid: 'evil', username: 'ada', password: 'guess' }, { header: { kid: 'rsa' } });
  const cases: [string, (agent: FakeAgent) => (string | Buffer)[] | Promise<(string | Buffer)[]>][] = [
    ['a request in clear', () => [SIGN_IN]],
    ['a request in clear in a binary frame', () => [Buffer.from(SIGN_IN)]],
    ['a request signed with a key that the hub publishes', () => [JSON.stringify({ n: 'authenticate_user', p: { jwt: token() } })]],
    ['a second answer to its authentication', () => ['{"n":"authenticated"}']],
    ['a rejection in clear', () => ['{"n":"authentication_failure","p":{"reason":"revoked"}}']],
    ['an empty frame', () => [Buffer.alloc(0)]],
    ['a frame after a dropped one', (agent) => [sealed(agent, '{"n":"x"}'), sealed(agent, SIGN_IN)].slice(1)],
    ['frames in another order', (agent) => [sealed(agent, '{"n":"x"}'), sealed(agent, SIGN_IN)].reverse()],
    ['a truncated frame', (agent) => [sealed(agent, SIGN_IN).subarray(0, -1)]],
    [
      'a changed frame',
      (agent) => {
        const frame = sealed(agent, SIGN_IN);
        frame.writeUInt8(frame.readUInt8(40) ^ 1, 40);
        return [frame];
      },
    ],
    [
      'a repeated frame',
      (agent) => {
        const frame = sealed(agent, '{"n":"x"}');
        return [frame, frame];
      },
    ],
    [
      'one of its own frames',
      async (agent) => {
        const answer: Promise<Buffer[]> = once(agent.socket, 'message');
        agent.ask('list_groups', {});
        return (await answer).slice(0, 1);
      },
    ],
    ['a frame of another socket', async () => [sealed((await connected()).agent, SIGN_IN)]],
  ];
  for (const [what, framesOf] of cases) {
    // Without the defence the socket stays open.
    test(what, { timeout: 30_000 }, async () => {
      const { hub, agent, logged, reached, passwords } = await connected();
      hub.jwks = { keys: [jwkOf(HUB_RSA.publicKey, { kid: 'rsa' })] };
      // Later frames in the same packet are not read, even if they are valid.
      agent.sendTogether([...(await framesOf(agent)), sealed(agent, SIGN_IN)]);
      assert.equal((await agent.closed).code, 1006);
      await logged(/HUB_SESSION_BROKEN/);
      // The connector connects again, in a new session.
      const next = await hub.nextAgent();
      await reached('connected');
      assert.notDeepEqual(decodeJwt(next.authenticate.jwt).session, decodeJwt(agent.authenticate.jwt).session);
      assert.deepEqual(passwords, []);
    });
  }
});

test('drops a request that was delayed until it expired, and serves the next', async () => {
  const { agent, passwords, logged } = await connected();
  agent.ask('authenticate_user', { username: 'ada', password: 'late', exp: Math.floor(Date.now() / 1000) - 60 });
  agent.send('authenticate_user', { pid: 'p', username: 'ada', password: 'without expiry' });
  await logged(/it expired/);
  const pid = agent.ask('authenticate_user', { username: 'ada', password: 'in time' });
  assert.equal((await agent.nextFrame()).n, `${pid}_result`);
  assert.deepEqual(passwords, ['in time']);
});

test('a session drains before it closes', async () => {
  const { agent, link } = await connected();
  const closing = link.close();
  assert.deepEqual(await agent.nextFrame(), { n: 'draining' });
  await closing;
  assert.equal((await agent.closed).code, 1000);
});

test('bearer tokens of a hub with an identity are refused because nothing proves its published keys', async () => {
  const { log } = createLog({ level: 'error', format: 'text', destination: { write: () => {} } });
  const hub = await startHub();
  hub.jwks = { keys: [jwkOf(HUB_RSA.publicKey, { kid: 'rsa' })] };
  const request = async (url: string) => ({ status: 200, text: await (await fetch(url)).text() }) as never;
  const checkWith = (hubIdentity: string | undefined) =>
    createCheckHubToken({ hub: () => ({ signingKeyPem: undefined, jwksUrl: hub.jwksUrl, hubIdentity }), request, log });
  const token = signToken({ pid: '1' }, { header: { kid: 'rsa' } });
  assert.deepEqual(await checkWith(undefined)(token), { claims: { pid: '1' } });
  assert.deepEqual(await checkWith(HUB_FINGERPRINT)(token), { refused: 'this hub does not issue tokens' });
});

test('learns the newest version in a session only', async () => {
  for (const [target, expected] of [
    [{ hubIdentity: HUB_FINGERPRINT }, '2.3.4'],
    [{ hubIdentity: undefined }, undefined],
  ] as const) {
    const hub = await startHub();
    const { link, reached, logged } = pinnedLink(hub, target);
    const agent = await hub.nextAgent();
    await reached('connected');
    agent.send('newest_version', { version: '2.3.4' });
    agent.send('newest_version', { version: '9.0.0; reboot' });
    agent.send('the last frame');
    await logged(/unknown name/);
    assert.equal(link.newestVersion(), expected);
  }
});
