import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { offerSession } from '@landbridge/protocol';
import { SignJWT } from 'jose';
import { WebSocket } from 'ws';
import { startHubForTest } from '../../test/hub-under-test.ts';

const LIMIT_SECONDS = 600;

for (const [skewSeconds, isSession, expected] of [
  [-120, true, 'authenticated'],
  [120, true, 'authenticated'],
  [-590, true, 'authenticated'],
  [-700, true, 'clock_skew'],
  [700, true, 'clock_skew'],
  // A token without a session may have been copied, so it is not accepted beyond its lifetime.
  [-120, false, 'refused'],
] as const) {
  test(`a connector whose clock is ${skewSeconds} s off${isSession ? '' : ' and that asks for no session'}: ${expected}`, async (t) => {
    const hub = await startHubForTest(t, { CLOCK_SKEW_LIMIT_SECONDS: String(LIMIT_SECONDS) });
    const { identity, realm, connection, socketUrl } = await hub.provisioned();
    const issuedAt = Math.floor(Date.now() / 1000) + skewSeconds;
    const jwt = await new SignJWT({ jti: 'once', ...(isSession && { session: offerSession().claim }) })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(connection)
      .setAudience(realm)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + 60)
      .sign(identity.key);
    const socket = new WebSocket(socketUrl, { perMessageDeflate: false });
    t.after(() => socket.terminate());
    await once(socket, 'open');
    const answered = once(socket, 'message');
    socket.send(JSON.stringify({ n: 'authenticate', p: { jwt, capabilities: [] } }));
    const { n, p } = JSON.parse(String((await answered)[0]));
    if (expected === 'authenticated') return assert.equal(n, 'authenticated');
    assert.deepEqual({ n, p }, { n: 'authentication_failure', p: expected === 'clock_skew' ? { reason: 'clock_skew' } : {} });
    const refused = hub.logLines.find(({ msg }) => msg === 'Connector refused');
    assert.match(
      String(refused?.reason),
      new RegExp(`clock is ${Math.abs(skewSeconds) - 1}|clock is ${Math.abs(skewSeconds)}|clock is ${Math.abs(skewSeconds) + 1}`),
    );
  });
}
