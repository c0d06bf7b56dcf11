import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { commitmentTo } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { CODE_LIFETIME_MS, type CodeEntry, createEnrolmentCodes, POLL_INTERVAL_MS } from './enrolment-codes.ts';

const NONCE = randomBytes(32).toString('base64url');
const CONNECTION = 'connection-1';

function start() {
  let nowMs = 1_000_000;
  const codes = createEnrolmentCodes(() => nowMs);
  const add = (changes: { publicKey?: string; remoteAddress?: string } = {}) =>
    codes.add({
      ...{ publicKey: 'a2V5', hostName: 'dc1', agentVersion: undefined, remoteAddress: '192.0.2.1' },
      ...{ commitment: commitmentTo(NONCE), hub: 'hub', ...changes },
    });
  /** @param after milliseconds */
  const poll = ({ deviceCode, publicKey }: CodeEntry, after = 0) => {
    nowMs += after;
    return codes.poll(deviceCode, publicKey, NONCE).state;
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { codes, add, poll, pass };
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
  return 'ok';
}

describe('the answer to a poll is', () => {
  type Parts = ReturnType<typeof start> & { entry: CodeEntry };
  const cases: [string, (parts: Parts) => string[], string[]][] = [
    ['pending until an administrator decides', ({ poll, entry }) => [poll(entry), poll(entry, POLL_INTERVAL_MS)], ['pending', 'pending']],
    [
      'slow_down if it comes early, which makes the interval 5 s longer',
      ({ poll, entry }) => [...[poll(entry), poll(entry)], ...[poll(entry, POLL_INTERVAL_MS), poll(entry, POLL_INTERVAL_MS + 10_000)]],
      ['pending', 'slow_down', 'slow_down', 'pending'],
    ],
    [
      'approved, but only after the interval',
      ({ codes, poll, entry }) => {
        const before = poll(entry);
        codes.approve(entry.userCode, CONNECTION);
        return [before, poll(entry), poll(entry, POLL_INTERVAL_MS + 5000)];
      },
      ['pending', 'slow_down', 'approved'],
    ],
    [
      'denied',
      ({ codes, poll, entry }) => [poll(entry), String(codes.deny(entry.userCode)), poll(entry, POLL_INTERVAL_MS)],
      ['pending', 'true', 'denied'],
    ],
    ['expired after ten minutes', ({ poll, entry }) => [poll(entry), poll(entry, CODE_LIFETIME_MS)], ['pending', 'expired']],
    [
      'expired if an administrator approved but the connector did not poll in time',
      ({ codes, poll, entry, pass }) => {
        poll(entry);
        codes.approve(entry.userCode, CONNECTION);
        pass(CODE_LIFETIME_MS);
        return [poll(entry), String(codes.isApproved(CONNECTION, entry.publicKey))];
      },
      ['expired', 'false'],
    ],
    ['expired for another key', ({ codes, entry }) => [codes.poll(entry.deviceCode, 'b3RoZXI', NONCE).state], ['expired']],
    ['expired for an unknown device code', ({ codes, entry }) => [codes.poll('x', entry.publicKey, NONCE).state], ['expired']],
    [
      'INVALID_REQUEST for a nonce other than the one that the connector committed to',
      ({ codes, entry }) => [codeOf(() => codes.poll(entry.deviceCode, entry.publicKey, randomBytes(32).toString('base64url')))],
      ['INVALID_REQUEST'],
    ],
  ];
  for (const [name, steps, expected] of cases) {
    test(name, () => {
      const started = start();
      assert.deepEqual(steps({ ...started, entry: started.add() }), expected);
    });
  }
});

test('a code is approved once, only after the connector has revealed its nonce, and not after a denial', () => {
  const { codes, add, poll } = start();
  const entry = add();
  assert.equal(codes.approve(entry.userCode, CONNECTION), false);
  poll(entry);
  assert.match(codes.find(entry.userCode)?.comparison ?? '', /^(?:[0-9A-Z]{4}-){2}[0-9A-Z]{4}$/);
  assert.equal(codes.approve(entry.userCode, CONNECTION), true);
  assert.equal(codes.approve(entry.userCode, 'other'), false);
  assert.equal(codes.deny(entry.userCode), false);
  assert.equal(codes.find(entry.userCode), undefined);

  const denied = add();
  poll(denied);
  codes.deny(denied.userCode);
  assert.equal(codes.approve(denied.userCode, CONNECTION), false);
});

test('an approval is for one key and one connection, and can be used once', () => {
  const { codes, add, poll } = start();
  const entry = add();
  poll(entry);
  codes.approve(entry.userCode, CONNECTION);
  assert.equal(codes.isApproved('other', entry.publicKey), false);
  assert.equal(codes.isApproved(CONNECTION, 'b3RoZXI'), false);
  assert.equal(codes.use('other', entry.publicKey), false);
  assert.equal(codes.use(CONNECTION, entry.publicKey), true);
  assert.equal(codes.use(CONNECTION, entry.publicKey), false);
  assert.equal(poll(entry), 'expired');
});

test('one address has at most ten codes, used or not, and gets more when they expire', () => {
  const { codes, add, pass } = start();
  for (let n = 0; n < 10; n++) codes.deny(add({ remoteAddress: '2001:db8::1' }).userCode);
  assert.equal(
    codeOf(() => add({ remoteAddress: '2001:db8::2' })),
    'TOO_MANY_CODES',
  );
  assert.equal(
    codeOf(() => add({ remoteAddress: '2001:db8:0:1::1' })),
    'ok',
  );
  pass(CODE_LIFETIME_MS);
  assert.equal(
    codeOf(() => add({ remoteAddress: '2001:db8::2' })),
    'ok',
  );
});

test('attackers who request codes from many addresses displace only each other’s codes, and never a code that was typed', () => {
  const { codes, add } = start();
  const typed = add({ remoteAddress: '198.51.100.1' });
  codes.find(typed.userCode);
  const untyped = add({ remoteAddress: '203.0.113.1' });
  // All in one /16, and its /24s have many each.
  for (let n = 0; n < 1000; n++)
    assert.equal(
      codeOf(() => add({ remoteAddress: `10.1.${n % 4}.${n >> 2}` })),
      'ok',
    );
  assert.ok(codes.find(typed.userCode));
  assert.ok(codes.find(untyped.userCode));
});

test('no further code is issued while administrators have typed every one', () => {
  const { codes, add } = start();
  for (let n = 0; n < 200; n++) codes.find(add({ remoteAddress: `10.1.0.${n}` }).userCode);
  assert.equal(
    codeOf(() => add()),
    'TOO_MANY_CODES',
  );
});
