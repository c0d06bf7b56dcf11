import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import { makeIdentity, provision } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { createAgentTokens } from './agent-token.ts';

test('tokens beyond the limit of a key are refused until earlier ones expire, and no used token is forgotten', async (t) => {
  const under = await startHubForTest(t);
  const [one, other] = [makeIdentity(), makeIdentity()];
  const ticket = await under.createConnection();
  const { realm } = await provision(ticket, one);
  await provision(ticket, other);
  const tokens = createAgentTokens(under.store, 600, 3);
  const tokenOf = (identity: typeof one, lifetimeSeconds = 60) =>
    new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer('corp')
      .setAudience(realm)
      .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeSeconds)
      .sign(identity.key);
  const used: string[] = [];
  for (let n = 0; n < 3; n++) {
    const token = await tokenOf(one);
    await tokens.verify(token);
    used.push(token);
  }
  await assert.rejects(tokens.verify(await tokenOf(one)), /signed 3 tokens that are still valid/);
  for (const token of used) await assert.rejects(tokens.verify(token), /used before/);
  // Another key has a limit of its own.
  await tokens.verify(await tokenOf(other));
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 66_000 });
  await tokens.verify(await tokenOf(one));
});
