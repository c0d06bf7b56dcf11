import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSlapd, whyNoSlapd } from '@landbridge/lab';
import { directoryConfig, startConnector, startHub } from './programs.ts';

const skip = whyNoSlapd();

test('one correlation ID identifies a sign-in in the answer, both logs and the audit log', { skip }, async () => {
  await using slapd = await startSlapd();
  await using hub = await startHub({ LOG_LEVEL: 'debug' });
  const PROVISIONING_TICKET = await hub.createConnection('corp');
  await using connector = await startConnector({ ...directoryConfig(slapd, 'plain'), PROVISIONING_TICKET, LOG_LEVEL: 'debug' });
  await hub.untilConnectors('corp', 1);
  const [user] = slapd.users.ordinary;
  assert.ok(user);
  for (const password of [user.password, 'wrong']) {
    const answer = await fetch(`${hub.url}/api/connections/corp/login`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${hub.apiKey}` },
      body: JSON.stringify({ username: user.uid, password }),
    });
    await answer.text();
    const id = answer.headers.get('X-Correlation-Id') ?? '';
    assert.match(id, /^[0-9a-f-]{36}$/);
    const requestId = answer.headers.get('X-Request-Id') ?? '';
    const [audit, ofHub, ofConnector] = await Promise.all([
      fetch(`${hub.url}/api/audit?correlationId=${id}`, { headers: { Authorization: `Bearer ${hub.apiKey}` } }).then((found) =>
        found.text(),
      ),
      linesWith(hub, id, 'Request'),
      linesWith(connector, id),
    ]);
    assert.deepEqual(ofHub.map(({ msg }) => msg).sort(), ['Request', 'Sign-in']);
    assert.ok(ofHub.every((line) => line.requestId === requestId));
    assert.ok(ofConnector.length > 0);
    assert.equal(audit.split(`"correlationId":"${id}"`).length, 2, audit);
    assert.ok(audit.includes(`"subject":"${user.uid}"`), audit);
  }
});

/** Lines arrive in batches. @returns the lines with this id, once `message` is among them */
async function linesWith(program: { log(): Promise<string> }, id: string, message?: string): Promise<Record<string, unknown>[]> {
  for (;;) {
    const lines = (await program.log()).split('\n').filter((line) => line.includes(id) && line.endsWith('}'));
    const parsed = lines.map((line): Record<string, unknown> => JSON.parse(line));
    if (parsed.length > 0 && (message === undefined || parsed.some(({ msg }) => msg === message))) return parsed;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
