import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createApplication } from '../../test/application.ts';
import { connect } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import { createPlainBrowser } from '../../test/plain-browser.ts';

async function start(t: TestContext): Promise<HubUnderTest> {
  const hub = await startHubForTest(t);
  const connector = await connect(await hub.provisioned());
  connector.answerAll(() => ({ profile: { id: 'anna-id' } }));
  return hub;
}

test('a native application signs users in', async (t) => {
  const hub = await start(t);
  for (const [registered, used, secret] of [
    ['com.example.app:/callback', 'com.example.app:/callback', false],
    ['app.immich:///oauth-callback', 'app.immich:///oauth-callback', true],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:51004/callback', false],
    ['http://127.0.0.1:8000/callback', 'http://127.0.0.1:51004/callback', false],
    ['http://localhost:8000/callback', 'http://localhost/callback', false],
    ['http://[::1]/callback', 'http://[::1]:51004/callback', false],
  ] as const) {
    await t.test(`registered ${registered}, used ${used}`, async () => {
      const app = await createApplication(hub, { public: !secret, redirectUris: [registered] });
      const { returned, tokens } = await app.signIn({ parameters: { redirect_uri: used } });
      assert.ok(returned.startsWith(`${used}?code=`), returned);
      assert.ok(tokens.id_token);
    });
  }
});

test('an address that only resembles a registered one is refused, on the hub’s own page', async (t) => {
  const hub = await start(t);
  const native = await createApplication(hub, {
    public: true,
    redirectUris: ['http://127.0.0.1/cb', 'http://localhost/cb', 'com.example.app:/cb'],
  });
  const single = await createApplication(hub, { public: true, redirectUris: ['http://localhost:3000/cb', 'https://app.example/cb'] });
  const withSecret = await createApplication(hub, { redirectUris: ['http://localhost:3000/cb'] });
  for (const [app, uri] of [
    [native, 'http://127.0.0.1@evil.example/cb'],
    [native, 'http://127.0.0.1:80@evil.example/cb'],
    [native, 'http://user@127.0.0.1:5000/cb'],
    [native, 'http://localhost.evil.example/cb'],
    [native, 'http://localhost.evil.example:5000/cb'],
    [native, 'http://127.0.0.1.evil.example:5000/cb'],
    [native, 'http://evil.example:5000/cb'],
    [native, 'http://[::1]:5000/cb'],
    [native, 'http://127.0.0.2:5000/cb'],
    [native, 'http://127.0.0.1:5000/cb/'],
    [native, 'http://127.0.0.1:5000/cb?x=1'],
    [native, 'http://127.0.0.1:5000/cb#x'],
    [native, 'http://127.0.0.1:5000/x/../cb'],
    [native, 'http://127.0.0.1:99999/cb'],
    [native, 'http://127.0.0.1\\@evil.example/cb'],
    [native, 'https://127.0.0.1:5000/cb'],
    [native, 'com.example.app:/cb/x'],
    [native, 'com.example.app://evil.example/cb'],
    [native, 'com.example.app2:/cb'],
    [native, 'com.example.app:///cb'],
    [single, 'http://localhost:3001/cb'],
    [withSecret, 'http://localhost:3001/cb'],
  ] as const) {
    await t.test(uri, async () => {
      const shown = await createPlainBrowser().open((await app.begin({ redirect_uri: uri })).url);
      assert.deepEqual([shown.status, shown.onward], [400, undefined]);
    });
  }
});
