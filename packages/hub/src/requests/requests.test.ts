import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect, makeIdentity, provision } from '../../test/foreign-connector.ts';
import { startHubForTest as startGuardedHub } from '../../test/hub-under-test.ts';

/** Without limits of the guard: tests sign the same user in many times at once. */
const startHubForTest: typeof startGuardedHub = (t, environment = {}, options = {}) =>
  startGuardedHub(t, { GUARD_USER_ATTEMPTS: '0', GUARD_REPEAT_MINUTES: '0', CREDENTIAL_CACHE: 'false', ...environment }, options);

const ANNA = { id: 'anna-id', displayName: 'Anna', groups: ['Staff', 'Everyone'] };
const LOGIN = '/connections/corp/login';
const CREDENTIALS = { username: 'anna', password: 'correct horse' };

for (const useJwks of [false, true]) {
  test(`a sign-in goes to the connector and its profile comes back (RS256 by ${useJwks ? 'JWKS' : 'PEM'})`, async (t) => {
    const { api, provisioned, logLines } = await startHubForTest(t);
    const connector = await connect(await provisioned('corp', { useJwks }));
    const login = api(LOGIN, CREDENTIALS);
    const request = await connector.nextRequest();
    assert.equal(request.name, 'authenticate_user');
    assert.equal(request.algorithm, 'RS256');
    const { pid, iat = 0, exp, jti, ...rest } = request.claims;
    assert.deepEqual(rest, { ...CREDENTIALS, aud: 'urn:landbridge:corp' });
    assert.equal(exp, iat + 60);
    assert.ok(jti);
    request.answer({ profile: ANNA });
    assert.deepEqual(await login, { status: 200, body: { subject: ANNA.id, profile: ANNA, from: 'directory' } });
    const line = logLines.find(({ msg }) => msg === 'Sign-in');
    assert.equal(line?.correlationId, pid);
    assert.equal(line?.result, 'ok');
    assert.equal(line?.username, 'anna');
    assert.ok(!JSON.stringify(logLines).includes('correct horse'));
  });
}

test('a user name reaches the connector exactly as typed', async (t) => {
  const { api, provisioned, logLines } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  connector.answerAll(({ claims }) => ({ profile: { id: claims.username } }));
  for (const username of [
    '*)(uid=*',
    'nul\0',
    '$$x$&',
    'Müller, Jörg',
    '\\2a',
    '\ud800',
    '__proto__',
    'x'.repeat(64 * 1024),
    '"\n</script>',
  ]) {
    await t.test(JSON.stringify(username.slice(0, 20)), async () => {
      const { status, body } = await api(LOGIN, { username, password: 'p' });
      assert.equal(status, 200);
      assert.equal(body.profile.id, username);
    });
  }
  assert.ok(logLines.every((line) => JSON.stringify(line).length < 2000));
});

test('each error of a connector has its code, and a wrong name has that of a wrong password', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  connector.answerAll(({ claims }) => ({ err: { name: claims.username, message: 'text' }, profile: { username: 'anna' } }));
  const expected: [string, number, string][] = [
    ['WrongUsername', 401, 'invalid_credentials'],
    ['WrongPassword', 401, 'invalid_credentials'],
    ['PasswordExpired', 401, 'password_expired'],
    ['PasswordChangeRequired', 401, 'password_change_required'],
    ['AccountDisabled', 401, 'account_disabled'],
    ['AccountExpired', 401, 'account_expired'],
    ['AccountLocked', 401, 'account_locked'],
    ['SomethingNew', 502, 'connector_error'],
    ['constructor', 502, 'connector_error'],
  ];
  const messages = new Map<string, string>();
  for (const [name, status, code] of expected) {
    await t.test(name, async () => {
      const answer = await api(LOGIN, { username: name, password: 'p' });
      assert.equal(answer.status, status);
      assert.equal(answer.body.error.code, code);
      assert.equal(answer.body.error.connectorError, status === 502 ? undefined : name);
      messages.set(name, answer.body.error.message);
    });
  }
  assert.equal(messages.get('WrongUsername'), messages.get('WrongPassword'));

  const change = '/connections/corp/change-password';
  assert.equal((await api(change, { username: 'InsufficientAccessRightsError', password: 'p' })).status, 403);
  assert.equal((await api(change, { username: 'PasswordComplexityError', password: 'p' })).status, 422);
  assert.equal((await api(change, { username: 'WrongUsername', password: 'p' })).body.error.code, 'user_not_found');
});

test('a user’s own password change goes only to connectors that check the old password', async (t) => {
  const { api, provisioned, logLines } = await startHubForTest(t);
  const identity = await provisioned();
  const change = '/connections/corp/change-password';
  const body = { username: 'anna', password: 'new-secret', oldPassword: 'old-secret' };
  // Others would set the new password without checking the old one.
  const [installed, older] = [await connect(identity), await connect(identity, { capabilities: ['drain'] })];
  const asked: string[] = [];
  for (const connector of [installed, older]) {
    connector.answerAll(({ name }) => {
      asked.push(name);
      return { profile: ANNA };
    });
  }
  const refused = await api(change, body);
  assert.equal(refused.status, 501);
  assert.equal(refused.body.error.code, 'connector_outdated');
  assert.deepEqual(asked, []);
  assert.equal((await api(change, { username: 'anna', password: 'new-secret' })).status, 200);
  // With an Auth0 connector online, the user is looked up before a reset.
  assert.deepEqual(asked, ['authenticate_user', 'change_password']);

  const capable = await connect(identity, { capabilities: ['drain', 'changeOwnPassword'] });
  const answers: unknown[] = [
    { profile: ANNA },
    { err: { name: 'WrongPassword' }, profile: ANNA },
    { err: { name: 'WrongUsername' }, profile: { username: 'anna' } },
    { err: { name: 'PasswordComplexityError' }, profile: ANNA },
  ];
  const claimed: unknown[] = [];
  capable.answerAll(({ claims: { username, password, oldPassword } }) => {
    claimed.push({ username, password, oldPassword });
    return answers.shift();
  });
  assert.deepEqual((await api(change, body)).body.profile, ANNA);
  const bodies = [body];
  // Without the old password, the answer must not reveal which names exist.
  for (const [status, code] of [
    [401, 'invalid_credentials'],
    [401, 'invalid_credentials'],
    [422, 'password_complexity'],
  ] as const) {
    // A new password each time: the guard would reject a repeated one itself.
    const next = { ...body, oldPassword: `old-secret-${bodies.length}` };
    bodies.push(next);
    const answer = await api(change, next);
    assert.equal(answer.status, status);
    assert.equal(answer.body.error.code, code);
  }
  assert.deepEqual(claimed, bodies);
  assert.deepEqual(asked, ['authenticate_user', 'change_password']);
  assert.doesNotMatch(JSON.stringify(logLines), /old-secret|new-secret/);
});

test('a malformed answer is an error without raw content', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  let payload: unknown;
  connector.answerAll(() => payload);
  const strange: unknown[] = [
    undefined,
    null,
    [],
    'text',
    {},
    { profile: null },
    { profile: [] },
    { profile: 'anna' },
    { err: {}, profile: ANNA },
    { err: '', profile: ANNA },
    { err: false, profile: ANNA },
    { err: { message: 'Wrong password' }, profile: ANNA },
    { err: { message: 'Unexpected Error', inner: { lde_message: 'raw', userPassword: '{SSHA}x' } } },
    { err: 'Error: boom\n at raw stack' },
  ];
  for (payload of strange) {
    await t.test(JSON.stringify(payload) ?? 'no payload', async () => {
      const { status, body } = await api(LOGIN, CREDENTIALS);
      assert.equal(status, 502);
      assert.equal(body.error.code, 'connector_error');
      assert.doesNotMatch(JSON.stringify(body), /raw|SSHA/);
    });
  }
  payload = { err: 'WrongPassword' };
  assert.equal((await api(LOGIN, CREDENTIALS)).status, 401);
  payload = { err: null, profile: { ...ANNA, userPassword: '{SSHA}x', nested: { unicodePwd: 'x', name: 'y' } } };
  const { status, body } = await api(LOGIN, CREDENTIALS);
  assert.equal(status, 200);
  assert.equal(body.profile.displayName, 'Anna');
  assert.doesNotMatch(JSON.stringify(body), /SSHA|unicodePwd/);
  payload = { err: { name: 'WrongPassword', message: 'Wrong password' }, profile: { userPassword: '{SSHA}x', id: '1' } };
  assert.deepEqual((await api(LOGIN, { ...CREDENTIALS, profileOnFailure: true })).body.profile, { id: '1' });
});

test('a deeply nested answer is cut', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  const login = api(LOGIN, CREDENTIALS);
  const { claims } = await connector.nextRequest();
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  connector.socket.send(`{"n":"${claims.pid}_result","p":{"profile":{"id":"1","deep":${deep}}}}`);
  const { status, body } = await login;
  assert.equal(status, 200);
  assert.equal(body.profile.id, '1');
  assert.ok(JSON.stringify(body).length < 200);
});

test('without a connector a request fails at once', async (t) => {
  const { api, createConnection } = await startHubForTest(t);
  await createConnection();
  for (const answer of [await api(LOGIN, CREDENTIALS), await api('/connections/corp/search', {}), await api('/connections/corp/groups')]) {
    assert.equal(answer.status, 503);
    assert.equal(answer.body.error.code, 'connector_offline');
  }
});

test('an empty password is rejected without asking the connector', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  const asked: unknown[] = [];
  connector.answerAll(({ claims }) => {
    asked.push(claims.password);
    return { profile: ANNA };
  });
  const { status, body } = await api(LOGIN, { username: 'anna', password: '' });
  assert.equal(status, 401);
  assert.equal(body.error.code, 'invalid_credentials');
  await api(LOGIN, CREDENTIALS);
  assert.deepEqual(asked, [CREDENTIALS.password]);
});

test('sign-ins of a connector that is lost fail and are not repeated on the other connector', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const first = await provisioned();
  const [killed, other] = [await connect(first), await connect(first)];
  const logins = Array.from({ length: 20 }, (_, n) => api(LOGIN, { username: `user${n}`, password: 'p' }));
  const atOther = await Promise.all(Array.from({ length: 10 }, () => other.nextRequest()));
  for (let n = 0; n < 10; n++) await killed.nextRequest();
  killed.socket.terminate();
  const seen: unknown[] = [];
  for (const request of atOther) {
    seen.push(request.claims.username);
    request.answer({ profile: { id: request.claims.username } });
  }
  const answers = await Promise.all(logins);
  const lost = answers.filter(({ status }) => status === 503);
  assert.equal(answers.filter(({ status }) => status === 200).length, 10);
  assert.equal(lost.length, 10);
  for (const { body } of lost) {
    assert.equal(body.error.code, 'connector_lost');
    assert.equal(body.error.retry, true);
  }
  // The other connector got only its own ten.
  other.answerAll(({ claims }) => ({ profile: { id: claims.username } }));
  assert.equal((await api(LOGIN, { username: 'after', password: 'p' })).body.profile.id, 'after');
  assert.equal(new Set(seen).size, 10);
});

test('a search and a list of groups are repeated on another connector', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const identity = await provisioned();
  const [one, two] = [await connect(identity), await connect(identity)];
  const search = api('/connections/corp/search', { search: 'an', limit: 1 });
  const asked = [one.nextRequest(), two.nextRequest()] as const;
  const { claims, lost, survivor, repeated } = await Promise.race([
    asked[0].then((request) => ({ claims: request.claims, lost: one, survivor: two, repeated: asked[1] })),
    asked[1].then((request) => ({ claims: request.claims, lost: two, survivor: one, repeated: asked[0] })),
  ]);
  lost.socket.terminate();
  assert.equal(claims.search, 'an');
  assert.equal(claims.limit, 1);
  const again = await repeated;
  assert.equal(again.name, 'search_users');
  assert.notEqual(again.claims.pid, claims.pid);
  again.answer({ users: [ANNA, { id: 'more than asked' }] });
  assert.deepEqual(await search, { status: 200, body: { users: [ANNA] } });

  const groups = api('/connections/corp/groups');
  await survivor.nextRequest();
  survivor.socket.terminate();
  assert.equal((await groups).body.error.code, 'connector_lost');
});

test('an Auth0 connector is asked for all groups, and the limit holds for its answer too', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const identity = await provisioned();
  for (const capabilities of [undefined, ['drain']]) {
    await t.test(capabilities === undefined ? 'Auth0 connector' : 'Landbridge connector', async () => {
      const connector = await connect(identity, capabilities === undefined ? {} : { capabilities });
      connector.answerAll(({ claims }) => {
        assert.equal(claims.limit, capabilities === undefined ? undefined : 2);
        return { groups: ['a', { cn: 'b' }, 'c'] };
      });
      assert.deepEqual(await api('/connections/corp/groups?limit=2'), { status: 200, body: { groups: ['a', { cn: 'b' }] } });
      connector.socket.close();
      await connector.closed;
    });
  }
});

test('after a timeout other connectors are preferred, and a late answer is ignored', async (t) => {
  const { api, provisioned, logLines } = await startHubForTest(t, { LOGIN_TIMEOUT_MS: '1500' });
  const identity = await provisioned();
  const silent = await connect(identity);
  const { status, body } = await api(LOGIN, CREDENTIALS);
  assert.equal(status, 504);
  assert.equal(body.error.code, 'connector_timeout');
  const late = await silent.nextRequest();
  const other = await connect(identity);
  other.answerAll(() => ({ profile: ANNA }));
  for (let n = 0; n < 3; n++) assert.equal((await api(LOGIN, CREDENTIALS)).status, 200);
  late.answer({ profile: { id: 'late' } });
  late.answer({ profile: { id: 'twice' } });
  silent.socket.ping();
  await once(silent.socket, 'pong');
  assert.equal((await api(LOGIN, CREDENTIALS)).body.profile.id, 'anna-id');
  assert.equal(logLines.filter(({ msg }) => msg === 'Unexpected frame ignored').length, 2);
});

test('a connector cannot answer a request to another connector', async (t) => {
  const { api, provisioned, createConnection } = await startHubForTest(t);
  const victim = await connect(await provisioned());
  const sameConnection = await connect(await provision((await api('/connections/corp/ticket', {})).body.ticket, makeIdentity()));
  const otherConnection = await connect(await provision(await createConnection('other'), makeIdentity()));
  const login = api(LOGIN, CREDENTIALS);
  // The oldest connector gets the first request.
  const request = await victim.nextRequest();
  for (const liar of [sameConnection, otherConnection]) {
    liar.send(`${request.claims.pid}_result`, { profile: { id: 'liar' } });
    liar.socket.ping();
    await once(liar.socket, 'pong');
  }
  request.answer({ profile: ANNA });
  assert.equal((await login).body.profile.id, 'anna-id');
});

test('the answer to a search is not accepted for a sign-in', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  const login = api(LOGIN, CREDENTIALS);
  const request = await connector.nextRequest();
  connector.send(`${request.claims.pid}_search_users_result`, { profile: { id: 'wrong frame' } });
  connector.send(`${request.claims.pid}`, { profile: { id: 'wrong frame' } });
  request.answer({ profile: ANNA });
  assert.equal((await login).body.profile.id, 'anna-id');
});

test('a draining connector finishes its requests and gets no new ones', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const identity = await provisioned();
  const draining = await connect(identity, { capabilities: ['drain'] });
  const login = api(LOGIN, CREDENTIALS);
  const request = await draining.nextRequest();
  draining.send('draining');
  draining.socket.ping();
  await once(draining.socket, 'pong');
  assert.equal((await api(LOGIN, CREDENTIALS)).body.error.code, 'connector_offline');
  request.answer({ profile: ANNA });
  assert.equal((await login).status, 200);
});

test('a connector that did not negotiate draining cannot drain', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  connector.send('draining');
  connector.answerAll(() => ({ profile: ANNA }));
  assert.equal((await api(LOGIN, CREDENTIALS)).status, 200);
});

test('excess requests to a connector fail as busy', async (t) => {
  const { api, provisioned } = await startHubForTest(t, { MAX_REQUESTS_PER_CONNECTOR: '2' });
  const connector = await connect(await provisioned());
  const under = [api(LOGIN, CREDENTIALS), api(LOGIN, CREDENTIALS)];
  const requests = [await connector.nextRequest(), await connector.nextRequest()];
  const { status, body } = await api(LOGIN, CREDENTIALS);
  assert.equal(status, 503);
  assert.equal(body.error.code, 'connector_busy');
  for (const request of requests) request.answer({ profile: ANNA });
  assert.deepEqual(
    (await Promise.all(under)).map((answer) => answer.status),
    [200, 200],
  );
});

test('malformed frames of a connector are ignored, and too many end its socket', async (t) => {
  const { api, provisioned, logLines } = await startHubForTest(t);
  const identity = await provisioned();
  const connector = await connect(identity);
  connector.answerAll(() => ({ profile: ANNA }));
  for (const garbage of ['garbage', '{}', '[1]', '{"n":1}', '['.repeat(60_000), Buffer.from([1, 2, 3])]) connector.socket.send(garbage);
  for (const n of ['close', 'error', 'message', '__proto__', 'authenticate', 'authenticated']) connector.send(n, { x: 1 });
  assert.equal((await api(LOGIN, CREDENTIALS)).status, 200);
  assert.equal(logLines.filter(({ msg }) => msg === 'Malformed frame ignored').length, 6);
  for (let n = 0; n < 20; n++) connector.socket.send('garbage');
  assert.equal(await connector.closed, 1008);
});

test('a frame beyond the limit ends the socket only, and an answer beyond its limit fails its request only', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const identity = await provisioned();
  const connector = await connect(identity);
  const login = api(LOGIN, CREDENTIALS);
  const { claims } = await connector.nextRequest();
  connector.send(`${claims.pid}_result`, { profile: { id: 'x'.repeat(33 * 1024 * 1024) } });
  assert.equal((await login).body.error.code, 'connector_lost');
  assert.ok([1006, 1009].includes(await connector.closed));
  const next = await connect(identity);
  let length = 10 * 1024 * 1024;
  next.answerAll(() => ({ profile: { id: 'y'.repeat(length) } }));
  assert.equal((await api(LOGIN, CREDENTIALS)).body.error.code, 'connector_error');
  length = 900 * 1024;
  assert.equal((await api(LOGIN, CREDENTIALS)).status, 200);
});

test('answers cost a connector nothing of what it may send unsolicited', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  connector.answerAll(() => ({ profile: { id: '1', photo: 'x'.repeat(60 * 1024) } }));
  // One after the other, so that no request is in flight between two answers; more than twice what may come unsolicited.
  for (let n = 0; n < 40; n++) assert.equal((await api(LOGIN, CREDENTIALS)).status, 200, `answer ${n}`);
});

test('a hub that shuts down lets sign-ins finish, then closes the sockets with 1001', async (t) => {
  const { api, provisioned, hub } = await startHubForTest(t, { STOP_GRACE_MS: '20000' });
  const connector = await connect(await provisioned());
  const login = api(LOGIN, CREDENTIALS);
  const request = await connector.nextRequest();
  const closed = hub.close();
  await assert.rejects(api(LOGIN, CREDENTIALS));
  request.answer({ profile: ANNA });
  assert.equal((await login).status, 200);
  await closed;
  assert.equal(await connector.closed, 1001);
});

test('an Auth0 connector gets no reset for an unknown user, because it would exit', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  const asked: string[] = [];
  connector.answerAll(({ name, claims }) => {
    asked.push(`${name} ${claims.username} ${JSON.stringify(claims.password)}`);
    if (claims.username === 'broken') return { err: { message: 'Unexpected Error', inner: {} } };
    if (claims.username !== 'anna')
      return { err: { name: 'WrongUsername', message: 'Wrong username' }, profile: { username: claims.username } };
    return name === 'change_password' ? { profile: ANNA } : { err: { name: 'WrongPassword', message: 'Wrong password' }, profile: ANNA };
  });
  const reset = async (username: string) => (await api('/connections/corp/change-password', { username, password: 'new' })).status;
  assert.equal(await reset('anna'), 200);
  assert.deepEqual(asked.splice(0), ['authenticate_user anna ""', 'change_password anna "new"']);
  assert.equal(await reset('nobody'), 404);
  assert.deepEqual(asked.splice(0), ['authenticate_user nobody ""']);
  assert.equal(await reset('broken'), 502);
  assert.deepEqual(asked.splice(0), ['authenticate_user broken ""']);
});

test('our connector gets a reset at once', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned(), { capabilities: ['drain'] });
  const asked: string[] = [];
  connector.answerAll(({ name }) => {
    asked.push(name);
    return { profile: ANNA };
  });
  assert.equal((await api('/connections/corp/change-password', { username: 'anna', password: 'new' })).status, 200);
  assert.deepEqual(asked, ['change_password']);
});
