import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { type LoginClaims, namedFailure } from '@landbridge/protocol';
import { createLog } from '@landbridge/runtime';
import { type FakeAgent, HUB_RSA, STRANGER_RSA, signToken, startFakeHub } from '../../test/fake-hub.ts';
import { type LinkUnderTest, linkTo } from '../../test/link-to.ts';
import { unknownUserFailure } from '../users/failures.ts';
import { createConnectorSignInEvents } from '../users/sign-in-events.ts';
import { createDispatch, type HubSocket, type HubUsers } from './dispatch.ts';

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

async function connected(
  users: Partial<HubUsers>,
  options: Parameters<typeof linkTo>[1] = {},
): Promise<LinkUnderTest & { agent: FakeAgent }> {
  const hub = await startFakeHub();
  toStop.push(() => hub.stop());
  const made = linkTo(hub, { users, ...options });
  toStop.push(() => made.link.close());
  const agent = await hub.nextAgent();
  await made.reached('connected');
  return { ...made, agent };
}

/** An answered sign-in shows that the connection is open, and that all earlier frames have been read. */
async function stillServes(agent: FakeAgent): Promise<void> {
  const pid = agent.ask('authenticate_user', { username: 'ada', password: 'right' });
  assert.deepEqual(await agent.nextFrame(), { n: `${pid}_result`, p: { profile: { id: 'ada' } } });
}

const signsIn = async ({ username }: LoginClaims) => ({ profile: { id: username } });

test('passes each request to its method with its claims, and answers under its name', async () => {
  const asked: unknown[] = [];
  const note =
    <A>(answer: A) =>
    async (claims: unknown, { correlationId }: { correlationId: string }) => {
      asked.push({ claims, correlationId });
      return answer;
    };
  const { agent } = await connected({
    authenticate: note({ profile: { id: '1', name: {} } }),
    searchUsers: note({ users: [{ id: '2' }] }),
    listGroups: note({ groups: ['a', { cn: 'b' }] }),
    changePassword: note({ failure: namedFailure('PasswordComplexityError', { id: '3' }) }),
  });
  for (const [name, claims, answerName, answer] of [
    ['authenticate_user', { username: 'ada', password: 'pw', escaped: true }, 'result', { profile: { id: '1', name: {} } }],
    ['search_users', { search: 'a', limit: 5, escaped: false }, 'search_users_result', { users: [{ id: '2' }] }],
    ['list_groups', { limit: 7 }, 'list_groups_result', { groups: ['a', { cn: 'b' }] }],
    [
      'change_password',
      { username: 'ada', password: 'new', escaped: false },
      'change_password_result',
      {
        err: { name: 'PasswordComplexityError', message: 'Password doesn’t meet minimum requirements', profile: { id: '3' } },
        profile: { id: '3' },
      },
    ],
  ] as const) {
    const pid = agent.ask(name, claims);
    assert.deepEqual(await agent.nextFrame(), { n: `${pid}_${answerName}`, p: answer });
    assert.deepEqual(asked.shift(), { claims: { pid, ...claims }, correlationId: pid });
  }
});

test('drops requests that cannot be verified, and logs why without the token', async () => {
  const { agent, lines } = await connected({ authenticate: signsIn });
  const claims = { pid: 'forged', username: 'ada', password: 'x' };
  const used = signToken({ ...claims, pid: 'first' });
  const seconds = Math.floor(Date.now() / 1000);
  for (const jwt of [
    signToken(claims, { alg: 'none' }),
    `${signToken(claims, { alg: 'none' })}AA`,
    signToken(claims, { alg: 'HS256', key: HUB_RSA.publicKey }),
    signToken(claims, { key: STRANGER_RSA.privateKey }),
    signToken({ ...claims, exp: seconds - 60 }),
    signToken({ ...claims, nbf: seconds + 3600 }),
    'not.a.token',
    used,
    used,
  ]) {
    agent.send('authenticate_user', { jwt });
  }
  for (const payload of [undefined, null, {}, { jwt: 7 }, { jwt: '' }, [], 'text']) agent.send('authenticate_user', payload);
  assert.deepEqual(await agent.nextFrame(), { n: 'first_result', p: { profile: { id: 'ada' } } });
  await stillServes(agent);
  assert.deepEqual(agent.frames, []);
  const log = lines.join('');
  assert.match(log, /Dropped a request from the hub: /);
  assert.ok(!log.includes(used) && !log.includes(used.split('.')[2] ?? used));
});

test('drops malformed, oversized, binary and deeply nested frames, and stays connected', async () => {
  const { agent, lines, statuses } = await connected({ authenticate: signsIn });
  const depth = 400_000;
  for (const frame of [
    'garbage',
    '',
    'null',
    '[]',
    '{"p": {}}',
    '{"n": 7}',
    '{"n": ""}',
    JSON.stringify({ n: 'x'.repeat(2000) }),
    JSON.stringify({ n: 'authenticate_user', p: { jwt: 'x'.repeat(10 * 1024 * 1024) } }),
    `{"n":"authenticate_user","p":${'['.repeat(depth)}${']'.repeat(depth)}}`,
    `{"n":"authenticate_user","p":${'{"p":'.repeat(depth / 4)}1${'}'.repeat(depth / 4)}}`,
    '['.repeat(depth),
    Buffer.from([0, 255, 1]),
    Buffer.from(JSON.stringify({ n: 'authenticate_user', p: { jwt: signToken({ pid: 'binary', username: 'a', password: 'b' }) } })),
  ]) {
    agent.socket.send(frame);
  }
  await stillServes(agent);
  assert.equal(statuses.at(-1)?.state, 'connected');
  const log = lines.join('');
  for (const warning of [/unread/, /malformed frame/, /binary frame/]) assert.match(log, warning);
  assert.ok(lines.filter((line) => line.includes('malformed frame')).length <= 2, 'warnings are rate-limited');
});

test('reconnects after a frame beyond the socket’s limit', async () => {
  const { agent, logged, reached } = await connected({ authenticate: signsIn });
  agent.socket.send('x'.repeat(17 * 1024 * 1024));
  assert.equal((await agent.closed).code, 1009);
  await logged(/connection to the hub was lost/);
  await reached('connected');
});

test('ignores frames named like events or built-ins', async () => {
  const { agent, statuses } = await connected({ authenticate: signsIn });
  for (const n of ['close', 'error', 'open', 'message', 'end', '__proto__', 'constructor', 'toString', 'authenticate', 'pid_result']) {
    agent.send(n, { message: 'x', jwt: 'x' });
  }
  agent.socket.send('{"n":"authenticate_user","p":{"__proto__":{"jwt":"x"}}}');
  await stillServes(agent);
  assert.equal(statuses.filter(({ state }) => state !== 'connecting').length, 1);
  assert.deepEqual(agent.frames, []);
});

test('passes on names and passwords of the wrong type as empty, and numbers as names', async () => {
  const seen: unknown[] = [];
  const { agent } = await connected({
    authenticate: async ({ username, password }) => {
      seen.push([username, password]);
      return unknownUserFailure(username);
    },
  });
  for (const claims of [
    { username: 'ada', password: 7 },
    { username: 'ada', password: false },
    { username: 'ada', password: { $ne: '' } },
    { username: ['ada'], password: 'x' },
    { username: 4711, password: 'x' },
    { username: true, password: ['x'] },
  ]) {
    const pid = agent.ask('authenticate_user', claims);
    assert.equal((await agent.nextFrame()).n, `${pid}_result`);
  }
  const none = [undefined, null, '', {}, 'x'.repeat(300)];
  for (const pid of none) agent.ask('authenticate_user', { pid, username: 'a', password: 'b' });
  const numeric = agent.ask('authenticate_user', { pid: 12, username: [], password: 'b' });
  assert.equal((await agent.nextFrame()).n, '12_result', numeric);
  assert.deepEqual(agent.frames, []);
  assert.deepEqual(seen, [
    ['ada', ''],
    ['ada', ''],
    ['ada', ''],
    ['', 'x'],
    ['4711', 'x'],
    ['', ''],
    ['', 'b'],
  ]);
});

test('passes missing passwords and names on as empty ones', async () => {
  const seen: LoginClaims[] = [];
  const { agent } = await connected({
    authenticate: async (claims) => {
      seen.push(claims);
      return { profile: {} };
    },
  });
  agent.ask('authenticate_user', { username: 'ada' });
  agent.ask('authenticate_user', { username: null, password: null });
  await agent.nextFrame();
  await agent.nextFrame();
  assert.deepEqual(
    seen.map(({ username, password }) => [username, password]),
    [
      ['ada', ''],
      ['', ''],
    ],
  );
});

test('refuses password resets while ENABLE_WRITE_BACK is off', async () => {
  const { agent } = await connected({}, { resetPasswordEnabled: false });
  const pid = agent.ask('change_password', { username: 'ada', password: 'new' });
  const frame = await agent.nextFrame();
  assert.equal(frame.n, `${pid}_change_password_result`);
  assert.match(JSON.stringify(frame.p), /"message":"Unexpected Error","inner":\{"code":"WRITE_BACK_OFF"/);
});

for (const [what, enabled, codes] of [
  ['resets', { resetPasswordEnabled: true, changeOwnPasswordEnabled: false }, [undefined, 'SELF_CHANGE_OFF', 'SELF_CHANGE_OFF']],
  ['users’ own changes', { resetPasswordEnabled: false, changeOwnPasswordEnabled: true }, ['WRITE_BACK_OFF', undefined, undefined]],
] as const) {
  test(`accepts only ${what} if nothing else is enabled`, async () => {
    const seen: unknown[] = [];
    const { agent } = await connected(
      {
        changePassword: async ({ oldPassword }) => {
          seen.push(oldPassword);
          return { profile: {} };
        },
      },
      enabled,
    );
    // A null old password must never become a reset.
    for (const [n, old] of [{}, { oldPassword: 'old' }, { oldPassword: null }].entries()) {
      agent.ask('change_password', { username: 'ada', password: 'new', ...old });
      const answer = JSON.stringify((await agent.nextFrame()).p);
      assert.equal(/"code":"(\w+)"/.exec(answer)?.[1], codes[n], answer);
    }
    assert.deepEqual(seen, enabled.resetPasswordEnabled ? [undefined] : ['old', '']);
  });
}

test('answers with an unexpected error if the work throws, or its result is not JSON or too large', async () => {
  const circle: Record<string, unknown> = {};
  circle.circle = circle;
  const answers = [
    () => Promise.reject(new Error('the directory said something strange')),
    async () => ({ groups: [circle] }),
    async () => ({ groups: [10n] }),
    async () => ({ groups: ['x'.repeat(33 * 1024 * 1024)] }),
  ];
  const { agent } = await connected({ listGroups: () => (answers.shift() ?? (() => Promise.resolve({ groups: [] })))() });
  for (const reason of [/something strange/, /circular/, /BigInt/, /ANSWER_TOO_LARGE/]) {
    const pid = agent.ask('list_groups', {});
    const frame = await agent.nextFrame();
    assert.equal(frame.n, `${pid}_list_groups_result`);
    assert.match(JSON.stringify(frame.p), reason);
    assert.match(JSON.stringify(frame.p), /"message":"Unexpected Error"/);
  }
});

test('answers with an error and aborts the work after the time limit', async () => {
  let signal: AbortSignal | undefined;
  const { agent } = await connected(
    {
      authenticate: (_claims, context) => {
        signal = context.signal;
        return new Promise(() => {});
      },
    },
    { times: { requestTimeoutMs: 50 } },
  );
  agent.ask('authenticate_user', { username: 'ada', password: 'x' });
  assert.match(JSON.stringify((await agent.nextFrame()).p), /Unexpected Error.*REQUEST_TIMEOUT/);
  assert.equal(signal?.aborted, true);
});

test('aborts the work and drops the answer if the socket that asked closes', async () => {
  const started = Promise.withResolvers<AbortSignal>();
  const hub = await startFakeHub();
  toStop.push(() => hub.stop());
  const { link, logged } = linkTo(hub, {
    users: {
      authenticate: (_claims, { signal }) => {
        started.resolve(signal);
        return new Promise(() => {});
      },
    },
  });
  toStop.push(() => link.close());
  const first = await hub.nextAgent();
  first.ask('authenticate_user', { username: 'ada', password: 'x' });
  const signal = await started.promise;
  first.socket.terminate();
  assert.match(await logged(/Answer dropped/), /user=ada/);
  assert.equal(signal.aborted, true);
  const second = await hub.nextAgent();
  second.socket.ping();
  await new Promise((resolve) => second.socket.once('pong', resolve));
  assert.deepEqual(second.frames, []);
});

test('logs one line per request, without the password', async () => {
  const { agent, logged, lines } = await connected({
    authenticate: async ({ username }) => ({ failure: namedFailure('WrongPassword', { id: username }) }),
  });
  agent.ask('authenticate_user', { username: `ada\nforged line ${'x'.repeat(64 * 1024)}`, password: 'pass-word-of-ada' });
  await agent.nextFrame();
  const line = await logged(/Sign-in rejected/);
  assert.match(line, /info {2}Sign-in rejected {2}user="ada.*result=WrongPassword {2}ms=\d+ {2}correlationId=\S+ {2}method=hub/);
  assert.ok(line.length < 1000);
  assert.ok(!lines.join('').includes('pass-word-of-ada'));
});

test('runs and queues a limited number of requests, and rejects the rest as busy', async () => {
  const finish: (() => void)[] = [];
  const sent: { n: string; p: unknown }[] = [];
  const closed = new AbortController();
  let pid = 0;
  const socket: HubSocket = {
    closed: closed.signal,
    send: (frame) => sent.push(JSON.parse(frame)) > 0,
    readClaims: () => ({ claims: { pid: String(++pid) } }),
    knows: () => false,
  };
  const { log } = createLog({ level: 'error', format: 'text', destination: { write: () => {} } });
  const unused = () => Promise.reject(new Error('not asked'));
  const dispatch = createDispatch({
    users: {
      authenticate: unused,
      searchUsers: unused,
      changePassword: unused,
      passwordTimes: unused,
      listGroups: () => new Promise((resolve) => finish.push(() => resolve({ groups: [] }))),
    },
    signIns: createConnectorSignInEvents(log),
    log,
    warn: () => {},
    resetPasswordEnabled: false,
    changeOwnPasswordEnabled: false,
    requestTimeoutMs: 60_000,
    maxRunning: 2,
    maxWaiting: 2,
  });
  for (let n = 0; n < 5; n++) dispatch.handle('list_groups', { jwt: 'x' }, socket);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  assert.equal(finish.length, 2, 'two run');
  assert.deepEqual(
    sent.map(({ n }) => n),
    ['5_list_groups_result'],
    'the fifth is rejected',
  );
  assert.match(JSON.stringify(sent[0]?.p), /Unexpected Error.*BUSY/);
  finish.shift()?.();
  await turn();
  assert.equal(finish.length, 2, 'a waiting one took its place');
  let idle = false;
  const whenIdle = dispatch.idle().then(() => {
    idle = true;
  });
  await turn();
  assert.equal(idle, false);
  dispatch.abort();
  await whenIdle;
  assert.equal(sent.length, 5, 'each has exactly one answer');
});
