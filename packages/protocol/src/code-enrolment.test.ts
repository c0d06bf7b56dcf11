import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commitmentTo, comparisonCode, isCommitmentTo, readUserCode } from './code-enrolment.ts';
import { pinnedTicket, readTicket } from './enrolment.ts';

const bytes = (value: number) => Buffer.alloc(32, value).toString('base64url');
const PARTIES = {
  publicKey: Buffer.from(Array.from({ length: 40 }, (_, index) => index + 1)),
  ...{ hub: bytes(1), deviceCode: bytes(2), nonce: bytes(3) },
};

test('comparison code and commitment agree with an independent implementation', () => {
  // Python's hashlib.
  assert.equal(comparisonCode(PARTIES), '2F50-ZQJZ-RQ4C');
  assert.equal(commitmentTo(PARTIES.nonce), 'ZIqlxXn7MPOK90TZfW7IQMepEnekmaDXgPPnMU7KCQs');
});

test('the comparison code depends on each of its inputs', () => {
  const codes = [
    PARTIES,
    { ...PARTIES, publicKey: Buffer.alloc(40) },
    { ...PARTIES, hub: bytes(9) },
    { ...PARTIES, deviceCode: bytes(9) },
    { ...PARTIES, nonce: bytes(9) },
    // The same bytes, divided differently between the fields.
    { ...PARTIES, hub: PARTIES.hub.slice(0, -1), deviceCode: `${PARTIES.hub.slice(-1)}${PARTIES.deviceCode}` },
  ].map(comparisonCode);
  assert.equal(new Set(codes).size, codes.length);
});

test('a commitment matches only its own nonce', () => {
  assert.equal(isCommitmentTo(commitmentTo(bytes(1)), bytes(1)), true);
  assert.equal(isCommitmentTo(commitmentTo(bytes(1)), bytes(2)), false);
});

describe('a typed code', () => {
  for (const [typed, expected] of [
    ['BCDF-GHJK', 'BCDF-GHJK'],
    [' bcdf ghjk ', 'BCDF-GHJK'],
    ['bcdfghjk', 'BCDF-GHJK'],
    ['BCDF-GHJ', undefined],
    ['BCDF-GHJKL', undefined],
    ['ABCD-EFGH', undefined],
    ['BCDF-GHJ<', undefined],
    ['', undefined],
  ] as const) {
    test(`"${typed}" is ${expected ?? 'invalid'}`, () => assert.equal(readUserCode(typed), expected));
  }
});

test('the ticket of a connector enrolled by a code contains no secret, and every other part is required', () => {
  const connectionId = '00000000-0000-4000-8000-000000000000';
  const ticket = `https://hub.example/p/ad/${pinnedTicket({ connectionId, secret: undefined, fingerprint: bytes(1) })}`;
  const enrolmentUrl = `https://hub.example/p/enrol/${connectionId}`;
  assert.deepEqual(readTicket(ticket), { kind: 'pinned', connectionId, secret: undefined, fingerprint: bytes(1), enrolmentUrl });
  assert.deepEqual(readTicket(ticket.slice(0, -1)), { kind: 'damaged' });
  assert.deepEqual(readTicket(ticket.replace('..', '.')), { kind: 'damaged' });
  assert.deepEqual(readTicket(ticket.replace('..', '.x.')), { kind: 'damaged' });
});
