import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { offerSession } from '@landbridge/protocol';
import { agentToken, connect } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { connectInSession, HEALTH_UP, type SessionConnector, type SessionRequest } from '../../test/session-connector.ts';

const LOGIN = '/connections/corp/login';
const ANNA = { profile: { id: 'anna-id' }, subject: 'anna-subject' };
const EVIL = { profile: { id: 'evil-id' }, subject: 'evil-subject' };

async function withConnector(t: TestContext) {
  const hub = await startHubForTest(t, { CREDENTIAL_CACHE: 'false', GUARD_REPEAT_MINUTES: '0' });
  const identity = await hub.provisioned();
  return { ...hub, identity, connector: await connectInSession(hub, identity) };
}

test('a sign-in and its answer cross the socket encrypted', async (t) => {
  const { api, connector, logLines } = await withConnector(t);
  const heard: Buffer[] = [];
  connector.socket.on('message', (data: Buffer, isBinary: boolean) => heard.push(isBinary ? data : assert.fail('a text frame')));
  const credentials = { username: 'anna', password: 'correct horse "\\\0' };
  for (const _again of [1, 2]) {
    const login = api(LOGIN, credentials);
    const request = await connector.nextRequest();
    assert.equal(request.name, 'authenticate_user');
    const { pid, exp, ...claims } = request.claims;
    assert.deepEqual(claims, credentials);
    assert.ok(Math.abs(Number(exp) - Date.now() / 1000 - 60) < 5, String(exp));
    connector.send(request.answerText(ANNA));
    assert.deepEqual(await login, { status: 200, body: { subject: ANNA.subject, profile: ANNA.profile, from: 'directory' } });
  }
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = heard;
  for (const frame of heard) assert.doesNotMatch(frame.toString('latin1'), /anna|correct|password|pid/);
  assert.notDeepEqual(first, second);
  assert.ok(logLines.some(({ msg, session }) => msg === 'Connector online' && session === true));
  assert.ok(!JSON.stringify(logLines).includes('correct horse'));
});

describe('a frame other than the next one of the session ends the socket, and no answer counts', () => {
  const cases: [string, (connector: SessionConnector, request: SessionRequest) => string | Buffer | Promise<Buffer>][] = [
    ['an answer in clear', (_connector, request) => request.answerText(EVIL)],
    ['an answer in clear in a binary frame', (_connector, request) => Buffer.from(request.answerText(EVIL))],
    ['a health report in clear', () => HEALTH_UP],
    ['an empty text', () => ''],
    ['an empty frame', () => Buffer.alloc(0)],
    ['one of its own frames', (_connector, request) => request.sealed],
    ['a frame after a dropped one', (connector, request) => [HEALTH_UP, request.answerText(ANNA)].map(connector.seal)[1] ?? assert.fail()],
    ['a truncated frame', (connector, request) => connector.seal(request.answerText(ANNA)).subarray(0, -1)],
    [
      'a changed frame',
      (connector, request) => {
        const frame = connector.seal(request.answerText(ANNA));
        frame.writeUInt8(frame.readUInt8(10) ^ 1, 10);
        return frame;
      },
    ],
    [
      'a repeated frame',
      async (connector) => {
        const frame = connector.seal(HEALTH_UP);
        connector.socket.send(frame);
        connector.socket.ping();
        await once(connector.socket, 'pong');
        return frame;
      },
    ],
  ];
  for (const [what, frameOf] of cases) {
    test(what, async (t) => {
      const { api, connector, logLines } = await withConnector(t);
      const login = api(LOGIN, { username: 'anna', password: 'p' });
      const request = await connector.nextRequest();
      connector.socket.send(await frameOf(connector, request));
      // Too late, since the socket has closed.
      connector.send(request.answerText(ANNA));
      assert.equal((await login).body.error.code, 'connector_lost');
      assert.equal(await connector.closed, 1006);
      assert.ok(logLines.some(({ msg }) => /did not come from the connector/.test(String(msg))));
    });
  }

  test('a frame of another socket', async (t) => {
    const hub = await withConnector(t);
    const { connector } = hub;
    const login = hub.api(LOGIN, { username: 'anna', password: 'p' });
    const request = await connector.nextRequest();
    const other = await connectInSession(hub, hub.identity);
    connector.socket.send(other.seal(request.answerText(EVIL)));
    assert.equal((await login).body.error.code, 'connector_lost');
    assert.equal(await connector.closed, 1006);
    assert.equal(other.socket.readyState, other.socket.OPEN);
  });
});

test('an answer to one request is not accepted for another', async (t) => {
  const { api, connector } = await withConnector(t);
  const first = api(LOGIN, { username: 'anna', password: 'p' });
  const answer = (await connector.nextRequest()).answerText(EVIL);
  connector.send(answer);
  assert.equal((await first).status, 200);
  const second = api(LOGIN, { username: 'berta', password: 'p' });
  const request = await connector.nextRequest();
  connector.send(answer);
  connector.send(request.answerText({ err: { name: 'WrongPassword', message: '' } }));
  assert.equal((await second).status, 401);
});

test('a connector gets requests only after its first frame has shown that it has the keys', async (t) => {
  const hub = await startHubForTest(t, {}, { authenticateTimeoutMs: 500 });
  const provisioned = await hub.provisioned();
  const silent = await connectInSession(hub, provisioned, { silent: true });
  const impostor = await connectInSession(hub, provisioned, { silent: true });
  assert.equal((await hub.api(LOGIN, { username: 'anna', password: 'p' })).body.error.code, 'connector_offline');
  impostor.socket.send(Buffer.alloc(64));
  assert.equal(await impostor.closed, 1006);
  assert.equal(await silent.closed, 1008);
  assert.ok(!hub.logLines.some(({ msg }) => msg === 'Connector online'));
});

test('an invalid session offer is rejected, and never leads to requests outside a session', async (t) => {
  const { provisioned } = await startHubForTest(t);
  const identity = await provisioned();
  const { claim } = offerSession();
  const ofSmallOrder = Buffer.from([1, ...Buffer.alloc(31)]).toString('base64url');
  for (const session of ['yes', null, {}, { ...claim, v: 2 }, { ...claim, key: `${claim.key}A` }, { ...claim, key: ofSmallOrder }]) {
    await t.test(JSON.stringify(session), async () => {
      await assert.rejects(connect(identity, { token: await agentToken(identity, { session, unique: true }) }), /authentication_failure/);
    });
  }
});

test('sealed frames have the same limits as other frames', async (t) => {
  const hub = await withConnector(t);
  const { api, connector } = hub;
  const login = api(LOGIN, { username: 'anna', password: 'p' });
  const request = await connector.nextRequest();
  connector.send(request.answerText({ profile: { id: 'x'.repeat(1024 * 1024) } }));
  assert.equal((await login).status, 502);
  // The socket is still open.
  const next = api(LOGIN, { username: 'anna', password: 'p' });
  connector.send((await connector.nextRequest()).answerText(ANNA));
  assert.equal((await next).status, 200);

  connector.send(JSON.stringify({ n: 'unsolicited', p: 'x'.repeat(1024 * 1024) }));
  assert.equal(await connector.closed, 1006);
  const flooding = await connectInSession(hub, hub.identity);
  for (let count = 0; count < 10_000; count++) flooding.send('{"n":"unsolicited"}');
  assert.equal(await flooding.closed, 1006);
});
