import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApplication } from '../../test/application.ts';
import { connect } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { createPlainBrowser } from '../../test/plain-browser.ts';

const UUID = /^[0-9a-f-]{36}$/;

test('one correlation id is in the response, all log lines, the audit log and the request to the connector', async (t) => {
  const { hub, provisioned, apiKey, logLines, store } = await startHubForTest(t, { TRUSTED_PROXIES: '127.0.0.1' });
  const connector = await connect(await provisioned());
  const login = (username: string) =>
    fetch(`${hub.url}/api/connections/corp/login`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${apiKey}`, 'X-Request-Id': `request-of-${username}` },
      body: JSON.stringify({ username, password: 'right' }),
    });
  // In parallel: the ids must not mix.
  const answers = [login('anna'), login('bert')];
  for (const request of [await connector.nextRequest(), await connector.nextRequest()]) {
    request.answer({ profile: { id: String(request.claims.username), username: request.claims.username } });
    const answer = await answers[request.claims.username === 'anna' ? 0 : 1];
    assert.equal(answer?.status, 200);
    await answer.text();
    const correlationId = answer.headers.get('X-Correlation-Id');
    assert.equal(correlationId, request.claims.pid);
    const requestId = answer.headers.get('X-Request-Id');
    assert.equal(requestId, `request-of-${String(request.claims.username)}`);
    const ofLogin = logLines.filter((line) => line.correlationId === correlationId);
    assert.deepEqual(ofLogin.map(({ msg }) => msg).sort(), ['Request', 'Sign-in']);
    assert.ok(ofLogin.every((line) => line.requestId === requestId));
    assert.equal(ofLogin.find(({ msg }) => msg === 'Sign-in')?.username, request.claims.username);
    assert.equal((await store.auditRecords({ correlationId: correlationId ?? '' }, 10)).length, 1);
  }
  const strange = logLines.filter(({ requestId, msg }) => requestId !== undefined && msg === 'Connector online');
  assert.deepEqual(strange, [], 'events of connectors belong to no request');
});

test('the login page returns the correlation id, and the request id finds a failed request', async (t) => {
  const underTest = await startHubForTest(t);
  const { hub, provisioned, store, logLines, apiKey } = underTest;
  const connector = await connect(await provisioned());
  connector.answerAll(() => ({ err: { name: 'WrongPassword' } }));
  const application = await createApplication(underTest);
  const browser = createPlainBrowser();
  const { url } = await application.begin();
  const page = await browser.follow(await browser.open(url));
  const refused = await browser.submit(page, new URL(page.url).pathname, { username: 'anna', password: 'wrong' });
  const correlationId = refused.headers.get('X-Correlation-Id') ?? '';
  assert.match(correlationId, UUID);
  assert.ok(logLines.some((line) => line.msg === 'Sign-in' && line.correlationId === correlationId));

  await store.close();
  const failed = await fetch(`${hub.url}/api/connections`, { headers: { Authorization: `Bearer ${apiKey}` } });
  assert.equal(failed.status, 500);
  const lines = logLines.filter(({ requestId }) => requestId === failed.headers.get('X-Request-Id'));
  assert.ok(lines.some(({ level }) => level === 'error'));
});

test('logs the kind of URL, but none of its secrets', async (t) => {
  const { hub, logLines, createConnection } = await startHubForTest(t);
  const ticket = await createConnection();
  const secret = ticket.split('/').at(-1) ?? '';
  await fetch(`${ticket}/info`);
  await fetch(`${hub.url}/try/corp?code=one-time-secret`);
  await fetch(`${hub.url}/healthz`);
  await fetch(`${hub.url}/../../etc/passwd?secret`);
  const requests = logLines.filter(({ msg }) => msg === 'Request');
  assert.deepEqual(
    requests.map(({ level, route, method, status }) => [level, route, method, status]),
    [
      ['info', 'api', 'POST', 201],
      ['info', 'provisioning', 'GET', 200],
      ['info', 'try', 'GET', 403],
      ['debug', 'health', 'GET', 200],
      ['info', 'other', 'GET', 404],
    ],
  );
  assert.ok(requests.every(({ requestId }) => UUID.test(String(requestId))));
  const text = JSON.stringify(logLines);
  for (const hidden of [secret, 'one-time-secret', 'passwd']) assert.ok(!text.includes(hidden), hidden);
});

test('each answer to a request that asked a connector has the correlation id, also a reset', async (t) => {
  const { hub, provisioned, apiKey } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  const pids: unknown[] = [];
  connector.answerAll((request) => {
    pids.push(request.claims.pid);
    return { profile: { id: 'anna' }, users: [], groups: [] };
  });
  for (const [call, body] of [
    ['change-password', { username: 'anna', password: 'new' }],
    ['search', { search: 'anna' }],
    ['groups', undefined],
  ] as const) {
    const answer = await fetch(`${hub.url}/api/connections/corp/${call}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { Authorization: `Bearer ${apiKey}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    assert.match(answer.headers.get('X-Correlation-Id') ?? '', UUID, call);
    assert.equal(answer.headers.get('X-Correlation-Id'), pids.at(-1), `${call}: ${await answer.text()}`);
  }
});
