/** Who a user is for applications, guard and credential cache: the connection and the directory's immutable id, whatever a mapper says. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createApplication, pathOf } from '../../test/application.ts';
import { connect } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { createPlainBrowser } from '../../test/plain-browser.ts';

/** A connector whose mapper gives every user the same id. */
const SAME_ID = { id: 'everybody', displayName: 'Anybody' };

async function start(t: TestContext, capabilities: string[] | undefined, answer: (username: unknown) => object) {
  const hub = await startHubForTest(t);
  const connector = await connect(await hub.provisioned(), { capabilities });
  connector.answerAll(({ claims }) =>
    claims.password === `${claims.username}-password`
      ? answer(claims.username)
      : { err: { name: 'WrongPassword' }, ...answer(claims.username) },
  );
  const app = await createApplication(hub);
  const signIn = (username: string) => app.signIn({ username, password: `${username}-password` });
  return { hub, connector, signIn, sub: async (username: string) => (await signIn(username)).tokens.claims()?.sub };
}

test('a mapper that gives every user the same id gives no user another one’s subject, limits or cached profile', async (t) => {
  const { hub, connector, sub } = await start(t, ['subject'], (username) => ({
    profile: { ...SAME_ID, displayName: username },
    subject: `${username}-uuid`,
  }));
  const subs = [await sub('anna'), await sub('ben'), await sub('anna')];
  assert.notEqual(subs[0], subs[1]);
  assert.equal(subs[0], subs[2]);
  const login = (username: string, password: string) => hub.api('/connections/corp/login', { username, password });
  for (let n = 0; n < 6; n++) await login('anna', `wrong ${n}`);
  assert.equal((await login('anna', 'another')).status, 429);
  assert.equal((await login('ben', 'ben-password')).status, 200);

  await hub.api('/connections/corp', { credentialCache: true }, 'PATCH');
  for (const name of ['carla', 'dora']) assert.equal((await login(name, `${name}-password`)).status, 200);
  // The hub hashes the passwords after it has answered.
  const { id = '' } = (await hub.store.connectionByName('corp')) ?? {};
  const cached = async () => (await hub.store.cachedCredentialUsers(id, '', 10)).map(({ userId }) => userId);
  for (let users = await cached(); !(users.includes('carla-uuid') && users.includes('dora-uuid')); users = await cached()) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  connector.socket.terminate();
  await connector.closed;
  const [carla, dora, crossed] = [
    await login('carla', 'carla-password'),
    await login('dora', 'dora-password'),
    await login('carla', 'dora-password'),
  ];
  assert.deepEqual([carla.body.from, carla.body.profile.displayName], ['cache', 'carla']);
  assert.deepEqual([dora.body.from, dora.body.profile.displayName], ['cache', 'dora']);
  assert.notEqual(crossed.status, 200);
});

test('a user without an immutable id cannot sign in to any application, regardless of the profile, and the login API omits the id', async (t) => {
  const { hub, signIn } = await start(t, ['subject', 'reasons'], (username) => ({
    profile: { ...SAME_ID, subject: 'from the mapper' },
    ...(username === 'anna' ? {} : { subject: username === 'ben' ? '' : ['a', 'b'] }),
  }));
  for (const username of ['anna', 'ben', 'carla']) {
    const { status, body } = await hub.api('/connections/corp/login', { username, password: `${username}-password` });
    assert.deepEqual([status, body.profile.id, 'subject' in body], [200, 'everybody', false]);
    await assert.rejects(signIn(username), /cannot be identified/);
  }
  assert.ok(hub.logLines.some(({ result, via }) => result === 'user_without_id' && via === 'oidc'));
});

test('an Auth0 connector’s users are identified by an id that is a text, and by nothing else', async (t) => {
  let id: unknown = 'anna-id';
  const { signIn, sub } = await start(t, undefined, () => ({ profile: { ...SAME_ID, id }, subject: 'ignored' }));
  const first = await sub('anna');
  assert.equal(await sub('ben'), first);
  for (id of [undefined, null, 7, '', ' ', true, ['anna-id'], { id: 'anna-id' }]) {
    await assert.rejects(signIn('anna'), /cannot be identified/, JSON.stringify(id));
  }
});

test('a requested connection is enforced: another one’s users are not signed in by a form, a session or without interaction', async (t) => {
  const hub = await startHubForTest(t);
  for (const name of ['fabrikam', 'partner']) {
    const connector = await connect(await hub.provisioned(name));
    connector.answerAll(({ claims }) => ({ profile: { id: `${claims.username}-id` } }));
  }
  const app = await createApplication(hub);
  const browser = createPlainBrowser();
  const { url } = await app.begin({ connection: 'fabrikam' });
  const page = await browser.follow(await browser.open(url));
  const fields = { username: 'mallory', password: 'right' };
  const refused = await browser.follow(await browser.submit(page, pathOf(page), { ...fields, connection: 'partner' }));
  assert.equal(refused.onward, undefined);
  assert.match(refused.text, /name="connection" value="fabrikam"/);
  const partner = await app.signIn({ browser, parameters: { connection: 'partner' } });
  assert.equal(partner.tokens.claims()?.connection, 'partner');
  const silent = await browser.follow(await browser.open((await app.begin({ connection: 'fabrikam', prompt: 'none' })).url));
  assert.match(silent.onward ?? '', /error=login_required/);
  const again = await browser.follow(await browser.open((await app.begin({ connection: 'fabrikam' })).url));
  assert.match(again.text, /name="password"/);
  const unknown = await browser.follow(await browser.open((await app.begin({ connection: 'unknown' })).url));
  assert.doesNotMatch(unknown.text, /name="(password|username)"/);
});
