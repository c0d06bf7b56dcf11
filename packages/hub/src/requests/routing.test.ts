import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { connect, type ForeignConnector, type Request } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';

const ANNA = { profile: { id: 'anna-id' } };
const OURS = ['health', 'reasons', 'steps'];

async function hubWith(t: TestContext, count: number, environment: Record<string, string> = {}) {
  const hub = await startHubForTest(t, environment);
  const identity = await hub.provisioned();
  const connectors: ForeignConnector[] = [];
  for (let n = 0; n < count; n++) connectors.push(await connect(identity, { capabilities: OURS }));
  let user = 0;
  const login = () => hub.api('/connections/corp/login', { username: `user ${user++}`, password: 'p' });
  return { ...hub, connectors, login };
}

/** Resolves when the hub has read all frames sent so far. */
async function isRead(connector: ForeignConnector): Promise<void> {
  connector.socket.ping();
  await once(connector.socket, 'pong');
}

/** Answers each sign-in. @returns a function that counts them */
function answering(connector: ForeignConnector, answer: (request: Request) => unknown): () => number {
  let count = 0;
  connector.answerAll((request) => {
    count++;
    return answer(request);
  });
  return () => count;
}

const NOT_TRIED = {
  err: { message: 'Unexpected Error', inner: { code: 'LDAP_UNREACHABLE' }, reason: 'directory_unavailable', tried: false },
};

test('a connector whose directory is down gets no sign-ins until its directory is up again', async (t) => {
  const { connectors, login } = await hubWith(t, 2);
  const [first, second] = connectors;
  assert.ok(first && second);
  const [asked, alsoAsked] = [answering(first, () => ANNA), answering(second, () => ANNA)];
  first.send('health', { directory: 'down' });
  await isRead(first);
  for (let n = 0; n < 4; n++) assert.equal((await login()).status, 200);
  assert.deepEqual([asked(), alsoAsked()], [0, 4]);
  // Malformed reports change nothing.
  for (const payload of [null, {}, { directory: 'sideways' }, 'up']) first.send('health', payload);
  await isRead(first);
  assert.equal((await login()).status, 200);
  assert.equal(asked(), 0);
  first.send('health', { directory: 'up' });
  await isRead(first);
  for (let n = 0; n < 2; n++) assert.equal((await login()).status, 200);
  assert.ok(asked() > 0);
});

test('with every directory down a sign-in fails at once', async (t) => {
  const { connectors, login } = await hubWith(t, 2);
  const counts = connectors.map((connector) => answering(connector, () => ANNA));
  for (const connector of connectors) {
    connector.send('health', { directory: 'down' });
    await isRead(connector);
  }
  const { status, body } = await login();
  assert.deepEqual([status, body.error.code], [503, 'directory_unavailable']);
  assert.deepEqual(
    counts.map((count) => count()),
    [0, 0],
  );
});

test('a sign-in whose password cannot have been tried goes to each other connector once', async (t) => {
  const { connectors, login } = await hubWith(t, 3);
  const counts = connectors.map((connector, n) => answering(connector, () => (n === 2 ? ANNA : NOT_TRIED)));
  assert.equal((await login()).status, 200);
  for (const connector of connectors.splice(2)) {
    connector.socket.terminate();
    await connector.closed;
  }
  const before = counts.map((count) => count());
  const { status, body } = await login();
  assert.deepEqual([status, body.error.code], [503, 'directory_unavailable']);
  assert.deepEqual(
    counts.map((count, n) => count() - (before[n] ?? 0)),
    [1, 1, 0],
  );
});

test('a sign-in whose password may have been tried goes to no other connector', async (t) => {
  for (const err of [
    { message: 'Unexpected Error', reason: 'directory_unavailable' },
    { message: 'Unexpected Error', reason: 'directory_unavailable', tried: true },
    { message: 'Unexpected Error', reason: 'busy' },
    { message: 'Unexpected Error', tried: false },
    { name: 'WrongPassword', message: 'Wrong password', reason: 'directory_unavailable', tried: false },
  ]) {
    await t.test(JSON.stringify(err), async (t) => {
      const { connectors, login } = await hubWith(t, 2);
      const counts = connectors.map((connector) => answering(connector, () => ({ err })));
      assert.notEqual((await login()).status, 200);
      assert.equal(
        counts.reduce((sum, count) => sum + count(), 0),
        1,
        JSON.stringify(err),
      );
    });
  }
});

test('reasons and health are ignored unless negotiated', async (t) => {
  const { provisioned, api } = await startHubForTest(t);
  const identity = await provisioned();
  const connectors = [await connect(identity), await connect(identity, { capabilities: ['drain'] })];
  const counts = connectors.map((connector) => answering(connector, () => NOT_TRIED));
  for (const connector of connectors) {
    connector.send('health', { directory: 'down' });
    await isRead(connector);
  }
  const { status, body } = await api('/connections/corp/login', { username: 'anna', password: 'p' });
  assert.deepEqual([status, body.error.code], [502, 'connector_error']);
  assert.equal(
    counts.reduce((sum, count) => sum + count(), 0),
    1,
  );
});

test('excess requests to the hub fail as busy', async (t) => {
  const { connectors, login } = await hubWith(t, 1, { MAX_REQUESTS: '2' });
  const [only] = connectors;
  assert.ok(only);
  const waiting = [login(), login()];
  const requests = [await only.nextRequest(), await only.nextRequest()];
  const { status, body } = await login();
  assert.deepEqual([status, body.error.code, body.error.retry], [503, 'connector_busy', true]);
  for (const request of requests) request.answer(ANNA);
  for (const answer of await Promise.all(waiting)) assert.equal(answer.status, 200);
  only.answerAll(() => ANNA);
  assert.equal((await login()).status, 200);
});
