/** Session cookies of the front channel: only what this connector signed, for this connection, is accepted. */
import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { createKey } from '../setup/certificate.ts';
import { createFrontChannelSessions } from './session.ts';

const NOW = Date.UTC(2026, 10, 22);
const [{ privateKey }, { privateKey: another }] = [createKey(), createKey()];

function sessions(changes: Partial<Parameters<typeof createFrontChannelSessions>[0]> = {}) {
  return createFrontChannelSessions({ privateKey, secret: undefined, connection: 'corp', minutes: 60, now: () => NOW, ...changes });
}
const anna = { name: 'anna', subject: 'anna-id', at: new Date(NOW) };
const issued = sessions().issue(anna) ?? '';

test('a session is accepted by the same connection, key and secret only', () => {
  assert.deepEqual(sessions().read(issued), anna);
  assert.equal(sessions({ connection: 'partners' }).read(issued), undefined);
  assert.equal(sessions({ privateKey: another }).read(issued), undefined);
  assert.equal(sessions({ secret: 'another' }).read(issued), undefined);
  // Connection name and secret are not simply joined.
  assert.equal(sessions({ connection: 'co', secret: 'rp' }).read(issued), undefined);
});

test('forged sessions are rejected', () => {
  const [version, payload, mac] = issued.split('.');
  const payloadOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const boss = payloadOf(['boss', 'boss-id', NOW]);
  const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
  const hmac = (key: string | Buffer) => createHmac('sha256', key).update(`v2.${boss}`).digest('base64url');
  for (const forged of [
    undefined,
    '',
    '.',
    '...',
    `${version}.${boss}.${mac}`,
    `${version}.${payload}.`,
    `${version}.${payload}.${mac?.slice(0, -4)}`,
    `${version}.${payload}.${mac}.${mac}`,
    `v1.${payload}.${mac}`,
    `v3.${payload}.${mac}`,
    `.${payload}.${mac}`,
    `${version}.${payload}=.${mac}`,
    `v2.${boss}.${hmac('')}`,
    `v2.${boss}.${hmac('corp')}`,
    `v2.${boss}.${hmac(String(publicPem))}`,
    `v2.${boss}.${hmac(Buffer.alloc(32))}`,
    'x'.repeat(100_000),
  ]) {
    assert.equal(sessions().read(forged), undefined, forged?.slice(0, 100));
  }
});

test('a session expires, is rejected if it is from the future, and can be disabled', () => {
  const after = (ms: number) => sessions({ now: () => NOW + ms }).read(issued);
  assert.ok(after(3_599_999));
  assert.equal(after(3_600_000), undefined);
  assert.ok(after(-59_999));
  assert.equal(after(-60_000), undefined);
  assert.equal(sessions({ minutes: 5, now: () => NOW + 300_000 }).read(issued), undefined);
  assert.equal(sessions({ minutes: 0 }).issue(anna), undefined);
  assert.equal(sessions({ minutes: 0 }).read(issued), undefined);
  assert.equal(sessions().issue({ name: 'x'.repeat(4000), subject: 'anna-id', at: new Date(NOW) }), undefined);
});
