import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { TEST_CHAIN } from '../../test/audit-for-test.ts';
import { connect, type ForeignConnector } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import { verifyChain } from '../audit/chain.ts';

const LOGIN = '/connections/corp/login';
const auditAnswer = z.object({
  records: z.array(z.object({ subject: z.string(), result: z.string() })).default([]),
  next: z.number().optional(),
});
const WRONG = { err: { name: 'WrongPassword', message: 'Wrong password' } };

/** A hub whose connector has a directory with Anna and Ben, which tests can change. */
async function newHub(t: TestContext, environment: Record<string, string> = {}) {
  const under = await startHubForTest(t, environment);
  const provisioned = await under.provisioned();
  const asked: string[] = [];
  const passwords = new Map([
    ['anna', 'anna right'],
    ['ben', 'ben right'],
  ]);
  const answers = new Map<string, unknown>();
  const openConnector = async () => {
    const connector = await connect(provisioned);
    connector.answerAll(({ claims }) => {
      const [name, password] = [String(claims.username), String(claims.password)];
      asked.push(password);
      const profile = { id: `${name}-id`, displayName: name, groups: ['Staff'] };
      if (answers.has(name)) return answers.get(name);
      if (!passwords.has(name)) return { err: { name: 'WrongUsername' }, profile: { username: name } };
      return passwords.get(name) === password ? { profile } : { ...WRONG, profile };
    });
    return connector;
  };
  const signIn = async (username: string, password: string) => {
    const { status, body } = await under.api(LOGIN, { username, password });
    return { status, code: body.error?.code, from: body.from, body };
  };
  return { ...under, provisioned, asked, passwords, answers, openConnector, signIn };
}

async function end(connector: ForeignConnector): Promise<void> {
  connector.socket.close();
  await connector.closed;
}

/** Resolves when the hub has written `count` more entries into the credential cache. */
function written({ store }: Pick<HubUnderTest, 'store'>, count: number): Promise<void> {
  const put = store.putCachedCredential;
  return new Promise((resolve) => {
    store.putCachedCredential = async (...given) => {
      const kept = await put(...given);
      if (--count === 0) resolve();
      return kept;
    };
  });
}

async function untilForgotten({ store }: Pick<HubUnderTest, 'store'>): Promise<void> {
  while ((await store.auditRecords({ action: 'credentials.forget' }, 1)).length === 0)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

test('without a connector, users who signed in before still can, and only with the right password', async (t) => {
  const hub = await newHub(t);
  const connector = await hub.openConnector();
  const cached = written(hub, 2);
  const { status, body } = await hub.api(LOGIN, { username: 'anna', password: 'anna right', remoteAddress: '192.0.2.7' });
  assert.equal(status, 200);
  assert.equal(body.from, 'directory');
  assert.equal((await hub.signIn('ben', 'ben right')).status, 200);
  await cached;
  await end(connector);

  const again = await hub.api(LOGIN, { username: 'Anna', password: 'anna right', remoteAddress: '192.0.2.7' });
  assert.equal(again.status, 200);
  assert.equal(again.body.from, 'cache');
  assert.ok(Date.parse(again.body.cachedAt) <= Date.now());
  assert.deepEqual(again.body.profile, body.profile);
  // A wrong password, an unknown name, and another user's password all get the same answer.
  for (const [username, password] of [
    ['anna', 'wrong'],
    ['nobody', 'anna right'],
    ['ben', 'anna right'],
    ['anna', ''],
  ] as const) {
    await t.test(`${username} with "${password}"`, async () => {
      const refused = await hub.signIn(username, password);
      assert.deepEqual([refused.status, refused.code], password === '' ? [401, 'invalid_credentials'] : [503, 'connector_offline']);
    });
  }

  const [record] = await hub.store.auditRecords({ result: 'ok_from_cache' }, 2);
  assert.equal(record?.subject, 'Anna');
  assert.equal(record?.connection, 'corp');
  assert.equal(record?.remoteAddress, '192.0.2.7');
  assert.match(record?.detail ?? '', /^via api; as the directory said at 20.*; now connector_offline$/);
  const [first] = await hub.store.auditRecords({ action: 'login', result: 'ok', subject: 'anna' }, 1);
  assert.match(first?.instance ?? '', /^\w+/);
  assert.ok(hub.logLines.some(({ correlationId, msg }) => correlationId === first?.correlationId && msg === 'Sign-in'));
  assert.ok('records' in (await verifyChain(hub.store, TEST_CHAIN)));
  assert.doesNotMatch(JSON.stringify([await hub.store.auditRecordsAfter(0, 100), hub.logLines]), /right"|"wrong"/);
});

test('the audit log says that a name matches several users, and the answer does not', async (t) => {
  const under = await startHubForTest(t);
  const connector = await connect(await under.provisioned(), { capabilities: ['reasons'] });
  connector.answerAll(() => ({ err: { name: 'WrongUsername', ambiguous: true }, profile: { username: 'twin' } }));
  const { status, body } = await under.api(LOGIN, { username: 'twin', password: 'x' });
  assert.deepEqual([status, body.error.code], [401, 'invalid_credentials']);
  assert.doesNotMatch(JSON.stringify(body), /several|ambiguous/i);
  const reset = await under.api('/connections/corp/change-password', { username: 'twin', password: 'New-Passw0rd' });
  assert.equal(reset.status, 404);
  for (const [action, detail] of [
    ['login', /; several users have this name, so it counts as unknown$/],
    ['password.reset', /^several users have this name, so it counts as unknown$/],
  ] as const) {
    const [record] = await under.store.auditRecords({ action }, 1);
    assert.match(record?.detail ?? '', detail);
  }
});

test('a user whom the directory rejected cannot sign in from the cache', async (t) => {
  for (const name of ['AccountDisabled', 'AccountLocked', 'AccountExpired', 'PasswordExpired', 'PasswordChangeRequired', 'WrongUsername']) {
    await t.test(name, async (t) => {
      const hub = await newHub(t, { GUARD_REPEAT_MINUTES: '0' });
      const connector = await hub.openConnector();
      const cached = written(hub, 1);
      await hub.signIn('anna', 'anna right');
      await cached;
      hub.answers.set('anna', { err: { name } });
      assert.equal((await hub.signIn('anna', 'anna right')).status, 401);
      await untilForgotten(hub);
      await end(connector);
      assert.equal((await hub.signIn('anna', 'anna right')).code, 'connector_offline', name);
    });
  }
});

test('an old password does not work from the cache once the directory has rejected it', async (t) => {
  const hub = await newHub(t, { GUARD_REPEAT_MINUTES: '0' });
  const connector = await hub.openConnector();
  const cached = written(hub, 1);
  await hub.signIn('anna', 'anna right');
  await cached;
  hub.passwords.set('anna', 'changed');
  // A wrong guess does not remove Anna's entry.
  assert.equal((await hub.signIn('anna', 'a guess')).status, 401);
  assert.equal((await hub.signIn('anna', 'anna right')).status, 401);
  await untilForgotten(hub);
  await end(connector);
  assert.equal((await hub.signIn('anna', 'anna right')).code, 'connector_offline');
});

test('the cache never overrules a rejection', async (t) => {
  const hub = await newHub(t, { GUARD_REPEAT_MINUTES: '0' });
  await hub.openConnector();
  const cached = written(hub, 1);
  await hub.signIn('anna', 'anna right');
  await cached;
  for (const [name, code] of [
    ['WrongPassword', 'invalid_credentials'],
    ['Unheard', 'connector_error'],
  ] as const) {
    await t.test(name, async () => {
      hub.answers.set('anna', { err: { name } });
      assert.equal((await hub.signIn('anna', 'anna right')).code, code);
    });
  }
});

test('the cache answers after a timeout, but not after a connector was lost', async (t) => {
  const hub = await newHub(t, { LOGIN_TIMEOUT_MS: '1500' });
  const connector = await hub.openConnector();
  const cached = written(hub, 1);
  await hub.signIn('anna', 'anna right');
  await cached;
  await end(connector);
  const silent = await connect(hub.provisioned);
  const login = hub.signIn('anna', 'anna right');
  await silent.nextRequest();
  assert.equal((await login).from, 'cache');
  const lost = hub.signIn('anna', 'anna right');
  await silent.nextRequest();
  silent.socket.terminate();
  assert.equal((await lost).code, 'connector_lost');
});

test('an entry of the cache expires', async (t) => {
  const hub = await newHub(t, { CREDENTIAL_CACHE_MAX_AGE_HOURS: '1' });
  const connector = await hub.openConnector();
  const cached = written(hub, 1);
  await hub.signIn('anna', 'anna right');
  await cached;
  await end(connector);
  const signedInAt = Date.now();
  t.mock.timers.enable({ apis: ['Date'], now: signedInAt + 59 * 60_000 });
  assert.equal((await hub.signIn('anna', 'anna right')).from, 'cache');
  t.mock.timers.setTime(signedInAt + 60 * 60_000 + 1);
  assert.equal((await hub.signIn('anna', 'anna right')).code, 'connector_offline');
});

test('a disabled connection rejects sign-ins, and its cache is empty when it is enabled again', async (t) => {
  const hub = await newHub(t);
  const connector = await hub.openConnector();
  const cached = written(hub, 1);
  await hub.signIn('anna', 'anna right');
  await cached;
  const connection = await hub.store.connectionByName('corp');
  assert.ok(connection);
  await hub.store.updateConnection(connection.id, { enabled: false, settings: connection.settings });
  const off = await hub.signIn('anna', 'anna right');
  assert.deepEqual([off.status, off.code], [403, 'connection_disabled']);
  await hub.store.updateConnection(connection.id, { enabled: true, settings: connection.settings });
  await end(connector);
  assert.equal((await hub.signIn('anna', 'anna right')).code, 'connector_offline');
});

test('of fifty simultaneous wrong passwords four reach the connector, and the others get a Retry-After', async (t) => {
  const hub = await newHub(t, { GUARD_WAIT_SECONDS: '0' });
  await hub.openConnector();
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => hub.signIn('anna', `wrong ${n}`)));
  assert.equal(hub.asked.length, 4);
  assert.equal(answers.filter(({ code }) => code === 'invalid_credentials').length, 4);
  assert.equal(answers.filter(({ status, code }) => status === 429 && code === 'too_many_attempts').length, 46);
  const response = await fetch(`${hub.hub.url}/api${LOGIN}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${hub.apiKey}` },
    body: JSON.stringify({ username: 'CORP\\anna', password: 'anna right' }),
  });
  assert.equal(response.status, 429);
  const seconds = Number(response.headers.get('Retry-After'));
  assert.ok(seconds > 25 * 60 && seconds <= 30 * 60, String(seconds));
  assert.equal(hub.asked.length, 4);
  assert.equal((await hub.signIn('ben', 'ben right')).status, 200);
});

test('a repeated wrong password reaches the connector once, for a known and for an unknown name', async (t) => {
  const hub = await newHub(t);
  await hub.openConnector();
  const texts = new Set<string>();
  for (const username of ['anna', 'nobody']) {
    await t.test(username, async () => {
      for (let n = 0; n < 10; n++) {
        const { status, code, body } = await hub.signIn(username, 'old');
        assert.deepEqual([status, code], [401, 'invalid_credentials']);
        texts.add(body.error.message);
      }
    });
  }
  assert.equal(hub.asked.length, 2);
  assert.equal(texts.size, 1);
});

test('guesses against the cache are limited like guesses against a directory', async (t) => {
  const hub = await newHub(t, { GUARD_WAIT_SECONDS: '0' });
  const connector = await hub.openConnector();
  const cached = written(hub, 1);
  await hub.signIn('anna', 'anna right');
  await cached;
  await end(connector);
  // The same limit with and without an entry.
  for (const username of ['anna', 'nobody']) {
    await t.test(username, async () => {
      for (let n = 0; n < 4; n++) assert.equal((await hub.signIn(username, `guess ${n}`)).code, 'connector_offline');
      assert.equal((await hub.signIn(username, 'anna right')).code, 'too_many_attempts');
    });
  }
});

test('the audit log records some of a flood of refusals, and how many more there were', async (t) => {
  const hub = await newHub(t);
  await hub.openConnector();
  for (let n = 0; n < 130; n++) await hub.signIn('anna', 'old');
  const before = await hub.store.auditRecords({ result: 'invalid_credentials' }, 1000);
  // The one that reached the directory, and a hundred others.
  assert.equal(before.length, 101);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 });
  await hub.signIn('anna', 'old');
  const [last] = await hub.store.auditRecords({ result: 'invalid_credentials' }, 1);
  assert.match(last?.detail ?? '', /the directory was not asked; 29 more/);
});

test('a user’s own change is guarded by the old password, a reset is recorded with its actor, and both clear the cache', async (t) => {
  const hub = await newHub(t, { GUARD_WAIT_SECONDS: '0' });
  const connector = await connect(hub.provisioned, { capabilities: ['drain', 'changeOwnPassword'] });
  const changes: unknown[] = [];
  connector.answerAll(({ name, claims }) => {
    if (name === 'authenticate_user') return { profile: { id: 'anna-id' } };
    changes.push(claims.oldPassword);
    return claims.oldPassword === undefined || claims.oldPassword === 'anna right' ? { profile: { id: 'anna-id' } } : WRONG;
  });
  const change = (oldPassword?: string) =>
    hub.api('/connections/corp/change-password', { username: 'anna', password: 'new one', oldPassword });
  for (let n = 0; n < 4; n++) assert.equal((await change(`wrong ${n}`)).status, 401);
  assert.equal((await change('anna right')).body.error.code, 'too_many_attempts');
  // A reset clears the count.
  assert.equal((await change()).status, 200);
  const cached = written(hub, 1);
  assert.equal((await hub.signIn('anna', 'anna right')).status, 200);
  await cached;
  assert.equal((await change('anna right')).status, 200);
  assert.deepEqual(changes, ['wrong 0', 'wrong 1', 'wrong 2', 'wrong 3', undefined, 'anna right']);
  await end(connector);
  assert.equal((await hub.signIn('anna', 'anna right')).code, 'connector_offline');
  const [reset] = await hub.store.auditRecords({ action: 'password.reset' }, 1);
  assert.match(reset?.actor ?? '', /^api-key:[0-9a-f]{8}$/);
  assert.equal((await hub.store.auditRecords({ action: 'password.change', result: 'ok' }, 9)).length, 1);
  assert.doesNotMatch(JSON.stringify(await hub.store.auditRecordsAfter(0, 100)), /new one|anna right/);
});

test('the API returns the audit log in pages', async (t) => {
  const hub = await newHub(t);
  await hub.openConnector();
  await hub.signIn('anna', 'anna right');
  await hub.signIn('ben', 'wrong');
  const query = async (text: string) => {
    const response = await fetch(`${hub.hub.url}/api/audit?${text}`, { headers: { Authorization: `Bearer ${hub.apiKey}` } });
    return { status: response.status, body: auditAnswer.parse(await response.json()) };
  };
  const { body } = await query('action=login&limit=1');
  assert.equal(body.records.length, 1);
  assert.equal(body.records[0]?.subject, 'ben');
  assert.equal(body.records[0]?.result, 'invalid_credentials');
  const next = await query(`action=login&limit=1&before=${body.next}`);
  assert.equal(next.body.records[0]?.subject, 'anna');
  assert.equal((await query('limit=x')).status, 400);
  assert.equal((await fetch(`${hub.hub.url}/api/audit`)).status, 401);
});

test('a short outage does not open the cache, and operators can open and close it', async (t) => {
  const hub = await newHub(t, { CREDENTIAL_CACHE_AFTER_SECONDS: '30' });
  const connector = await hub.openConnector();
  const cached = written(hub, 1);
  await hub.signIn('anna', 'anna right');
  await cached;
  await end(connector);
  assert.equal((await hub.signIn('anna', 'anna right')).code, 'connector_offline');
  const set = (changes: object) => hub.api('/connections/corp', changes, 'PATCH');
  await set({ cacheOpen: true });
  assert.equal((await hub.signIn('anna', 'anna right')).from, 'cache');
  await set({ cacheClosed: true });
  assert.equal((await hub.signIn('anna', 'anna right')).code, 'connector_offline');
  const [record] = await hub.store.auditRecords({ action: 'login' }, 1);
  assert.match(record?.detail ?? '', /closed by an operator/);
});
