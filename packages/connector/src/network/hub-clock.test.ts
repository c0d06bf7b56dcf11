import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { HUB_RSA, pemOf, signToken } from '../../test/fake-hub.ts';
import { createReplayMemory } from '../hub/replay.ts';
import { checkToken, signingKey } from '../hub/token.ts';
import { createHubClock } from './hub-clock.ts';

const MINUTE_MS = 60_000;
const HUB_TIME = Date.UTC(2026, 10, 30, 12);

/** A machine whose clock is `skewMs` ahead of the hub's. */
function machine(skewMs: number) {
  const lines: string[] = [];
  const { log } = createLog({ level: 'info', format: 'text', destination: { write: (line) => lines.push(line) } });
  const time = { elapsed: 0, jump: 0 };
  const system = () => HUB_TIME + skewMs + time.elapsed + time.jump;
  const clock = createHubClock({ limitMs: 10 * MINUTE_MS, log, system, monotonic: () => time.elapsed });
  return { clock, lines, time, system, hub: () => HUB_TIME + time.elapsed };
}

describe('the clock that validates requests from the hub', () => {
  for (const minutes of [-2, 2, -10, 10]) {
    test(`is the hub's if this clock is ${minutes} minutes off, and the log says by how much`, () => {
      const { clock, lines, time, hub } = machine(minutes * MINUTE_MS);
      clock.learn(hub(), 0);
      time.elapsed += 5 * MINUTE_MS;
      assert.equal(clock.now(), hub());
      assert.equal(clock.skewMs(), minutes * MINUTE_MS);
      assert.match(
        lines.join(''),
        new RegExp(`${Math.abs(minutes) * 60}\\.0 s ${minutes > 0 ? 'ahead of' : 'behind'} the hub's.*Kerberos and certificates`),
      );
    });
  }
  for (const minutes of [-11, 11]) {
    test(`is this machine's if the hub says that it is ${minutes} minutes off, and the log names the clock`, () => {
      const { clock, lines, hub, system } = machine(minutes * MINUTE_MS);
      clock.learn(hub(), 0);
      assert.equal(clock.now(), system());
      assert.match(lines.join(''), /ERROR.*clock.*CLOCK_SKEW_LIMIT_SECONDS/i);
    });
  }
  test('stays right if NTP sets the clock while the connector runs', () => {
    const { clock, time, hub } = machine(-2 * MINUTE_MS);
    clock.learn(hub(), 0);
    time.jump = 2 * MINUTE_MS;
    assert.equal(clock.now(), hub());
  });
  test('is not set from a delayed answer', () => {
    const { clock, hub } = machine(0);
    clock.learn(hub() - MINUTE_MS, 61_000);
    assert.equal(clock.skewMs(), undefined);
  });
});

test('turning back the time does not allow a request to be replayed', async () => {
  const { clock, time, system, hub } = machine(0);
  const replay = createReplayMemory({ now: system, keepSeconds: clock.limitMs / 1000, onFull: () => assert.fail() });
  const checks = { keys: signingKey(pemOf(HUB_RSA.publicKey)), replay, now: clock.now };
  clock.learn(hub(), 0);
  const token = signToken({ username: 'ada', exp: HUB_TIME / 1000 + 60 });
  assert.ok('claims' in (await checkToken(token, checks)));
  // Other tokens arrive meanwhile, so that the replay cache drops what it may.
  for (let n = 1; n <= 9; n++) {
    time.elapsed = n * MINUTE_MS;
    clock.learn(hub(), 0);
    assert.ok('claims' in (await checkToken(signToken({ n, exp: hub() / 1000 + 60 }), checks)));
    clock.learn(HUB_TIME, 0);
    assert.ok(clock.now() < HUB_TIME + MINUTE_MS, 'by the rewound clock the token is valid again');
    assert.deepEqual(await checkToken(token, checks), { refused: 'it was used before' });
  }
  time.elapsed = 11 * MINUTE_MS;
  clock.learn(HUB_TIME, 0);
  assert.match(JSON.stringify(await checkToken(token, checks)), /expired/);
});
