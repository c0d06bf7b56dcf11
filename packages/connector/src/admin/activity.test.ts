import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedFailure } from '@landbridge/protocol';
import { createLog } from '@landbridge/runtime';
import { startFakeHub } from '../../test/fake-hub.ts';
import { frontChannelOn } from '../../test/front-channel-on.ts';
import { linkTo } from '../../test/link-to.ts';
import { EVERYBODY } from '../../test/trusted-identity.ts';
import { unexpectedFailure } from '../users/failures.ts';
import { createConnectorSignInEvents } from '../users/sign-in-events.ts';
import { createActivity } from './activity.ts';

function warnLog() {
  const lines: string[] = [];
  return { lines, ...createLog({ level: 'warn', format: 'text', destination: { write: (line) => lines.push(line) } }) };
}

test('counts sign-ins from the hub and the front channel at LOG_LEVEL=warn', async (t) => {
  const { log, lines } = warnLog();
  const signIns = createConnectorSignInEvents(log);
  const activity = createActivity(signIns);
  const hub = await startFakeHub();
  const { link, reached } = linkTo(hub, { users: { authenticate: EVERYBODY.authenticate }, log, signIns });
  const front = await frontChannelOn(EVERYBODY, {}, { tls: false, signIns });
  t.after(async () => {
    await front.close();
    await link.close();
    await hub.stop();
  });
  const agent = await hub.nextAgent();
  await reached('connected');
  const correlationId = agent.ask('authenticate_user', { username: 'ada', password: 'right' });
  await agent.nextFrame();
  await front.fillIn(await front.begin(), { username: 'bertha', password: 'wrong' });
  assert.deepEqual(
    activity.last().map(({ user, result }) => [user, result]),
    [
      ['bertha', 'WrongPassword'],
      ['ada', 'ok'],
    ],
  );
  assert.equal(activity.last()[1]?.correlationId, correlationId);
  const minutes = activity.minutes().slice(-2);
  assert.deepEqual([minutes.reduce((sum, { ok }) => sum + ok, 0), minutes.reduce((sum, { refused }) => sum + refused, 0)], [1, 1]);
  assert.deepEqual(lines, []);
});

test('keeps the last hour, by minute and outcome', () => {
  let nowMs = 3_600_000;
  const signIns = createConnectorSignInEvents(warnLog().log);
  const activity = createActivity(signIns, () => nowMs);
  const signIn = (outcome: Parameters<typeof signIns.emit<'signIn'>>[1]['outcome']) =>
    signIns.emit('signIn', { correlationId: '1', user: 'ada', method: 'hub', outcome, ms: 5 });
  signIn({ profile: {} });
  nowMs += 60_000;
  signIn(unexpectedFailure(new Error('fault')));
  signIn({ failure: namedFailure('AccountLocked', {}) });
  assert.deepEqual(activity.minutes().slice(-2), [
    { from: new Date(3_600_000), ok: 1, refused: 0, failed: 0 },
    { from: new Date(3_660_000), ok: 0, refused: 1, failed: 1 },
  ]);
  nowMs += 60 * 60_000;
  assert.ok(activity.minutes().every(({ ok, refused, failed }) => ok + refused + failed === 0));
});
