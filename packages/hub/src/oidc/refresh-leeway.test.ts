import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import * as openid from 'openid-client';
import { type Application, createApplication } from '../../test/application.ts';
import { connect } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';

async function start(t: TestContext): Promise<{ hub: HubUnderTest; app: Application; first: string }> {
  const hub = await startHubForTest(t);
  const connector = await connect(await hub.provisioned());
  connector.answerAll(() => ({ profile: { id: 'anna-id' } }));
  const app = await createApplication(hub);
  return { hub, app, first: (await app.signIn()).tokens.refresh_token ?? '' };
}

/** Moves the earlier uses of refresh tokens back in time. */
function letPass({ databasePath }: HubUnderTest, milliseconds: number): void {
  const db = new DatabaseSync(databasePath);
  db.prepare("UPDATE oidc_records SET consumed_at = consumed_at - ? WHERE kind = 'RefreshToken' AND consumed_at IS NOT NULL").run(
    milliseconds,
  );
  db.close();
}

const refresh = (app: Application, token = '') => openid.refreshTokenGrant(app.config, token);

test('two tabs that refresh at the same time both stay signed in', async (t) => {
  const { app, first } = await start(t);
  const tabs = await Promise.all([refresh(app, first), refresh(app, first)]);
  assert.notEqual(tabs[0].refresh_token, tabs[1].refresh_token);
  for (const tab of tabs) {
    const next = await refresh(app, tab.refresh_token);
    await openid.fetchUserInfo(app.config, next.access_token, openid.skipSubjectCheck);
    await refresh(app, next.refresh_token);
  }
});

test('an application whose answer was lost repeats its request', async (t) => {
  const { hub, app, first } = await start(t);
  await refresh(app, first);
  letPass(hub, 20_000);
  const again = await refresh(app, first);
  await refresh(app, again.refresh_token);
});

test('a used refresh token ends all tokens of the sign-in', async (t) => {
  for (const [when, prepare] of [
    ['after the leeway', async ({ hub }) => letPass(hub, 30_001)],
    ['within the leeway, once its successor was used', async ({ app, second }) => void (await refresh(app, second))],
  ] satisfies [string, (parts: { hub: HubUnderTest; app: Application; second: string }) => Promise<void>][]) {
    await t.test(when, async (t) => {
      const { hub, app, first } = await start(t);
      const second = await refresh(app, first);
      await prepare({ hub, app, second: second.refresh_token ?? '' });
      await assert.rejects(refresh(app, first), { error: 'invalid_grant' });
      await assert.rejects(refresh(app, second.refresh_token), { error: 'invalid_grant' });
      await assert.rejects(openid.fetchUserInfo(app.config, second.access_token, openid.skipSubjectCheck));
    });
  }
});

test('a refresh token has at most five successors, however many requests arrive at once', async (t) => {
  const { app, first } = await start(t);
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => refresh(app, first)));
  const tokens = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  assert.equal(tokens.length, 5);
  await refresh(app, tokens[4]?.refresh_token);
});

test('another application can neither use a refresh token within its leeway nor end the sign-in with it', async (t) => {
  const { hub, app, first } = await start(t);
  const { refresh_token: second } = await refresh(app, first);
  const other = await createApplication(hub, { name: 'Other' });
  await assert.rejects(refresh(other, first), { error: 'invalid_grant' });
  await assert.rejects(refresh(other, second), { error: 'invalid_grant' });
  await refresh(app, second);
});
