import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it, test } from 'node:test';
import {
  followIdentityChain,
  type HubIdentityChain,
  hubFingerprint,
  hubFingerprintOf,
  hubIdentityChain,
  rawIdentityKey,
  signByIdentity,
  verifyByIdentity,
} from './hub-identity.ts';

const keys = Array.from({ length: 4 }, () => generateKeyPairSync('ed25519').privateKey);
const raw = keys.map(rawIdentityKey);
const fingerprints = raw.map(hubFingerprintOf);

/** @param signers which key signs each one after the first */
function chainOf(order: number[], signers: number[]): HubIdentityChain {
  return order.map((index, position) => {
    const signer = keys[signers[position - 1] ?? -1];
    const key = raw[index] ?? '';
    return signer === undefined
      ? { key }
      : { key, signature: signByIdentity(signer, 'next key', Buffer.from(key, 'base64url')).toString('base64url') };
  });
}

test('a signature is valid only for its key, purpose and bytes', () => {
  const [first, second] = keys;
  assert.ok(first && second);
  const signature = signByIdentity(first, 'session', Buffer.from('a'));
  assert.equal(verifyByIdentity(raw[0] ?? '', 'session', Buffer.from('a'), signature), true);
  assert.equal(verifyByIdentity(raw[0] ?? '', 'session', Buffer.from('b'), signature), false);
  assert.equal(verifyByIdentity(raw[0] ?? '', 'next key', Buffer.from('a'), signature), false);
  assert.equal(verifyByIdentity(raw[1] ?? '', 'session', Buffer.from('a'), signature), false);
  assert.equal(verifyByIdentity(raw[0] ?? '', 'session', Buffer.from('a'), signature.subarray(1)), false);
});

describe('a chain leads from the pinned key to the current one', () => {
  const chain = chainOf([0, 1, 2], [0, 1]);
  const current = { key: raw[2], fingerprint: fingerprints[2] };
  for (const pinned of [0, 1, 2]) {
    it(`if the pinned key is number ${pinned}`, () => assert.deepEqual(followIdentityChain(chain, fingerprints[pinned] ?? ''), current));
  }
  const cases: [string, HubIdentityChain, number][] = [
    ['if the pinned key is not part of it', chain, 3],
    ['if a key after the pinned one is signed by another key', chainOf([0, 1, 3], [0, 3]), 0],
    ['if a key after the pinned one has no signature', [...chainOf([0], []), ...chainOf([3], [])], 0],
    ['if it leaves a key out', [chain[0], chain[2]].filter((link) => link !== undefined), 0],
    ['if keys are put after the current one', [...chain, ...chainOf([3], [])], 2],
  ];
  for (const [name, given, pinned] of cases) {
    it(`but not ${name}`, () => assert.equal(followIdentityChain(given, fingerprints[pinned] ?? ''), undefined));
  }
});

test('keys before the pinned key are ignored', () => {
  assert.ok(followIdentityChain(chainOf([3, 0, 1], [2, 0]), fingerprints[0] ?? ''));
});

describe('an untrusted chain has limits', () => {
  const key = raw[0] ?? '';
  const cases: [string, unknown][] = [
    ['no key', []],
    ['more than 32 keys', Array.from({ length: 33 }, () => ({ key }))],
    ['a key of another length', [{ key: key.slice(4) }]],
    ['a signature of another length', [{ key, signature: key }]],
    ['a key with padding', [{ key: `${key}=` }]],
  ];
  for (const [name, given] of cases) it(`rejects ${name}`, () => assert.equal(hubIdentityChain.safeParse(given).success, false));
  it('rejects a fingerprint of another length', () => assert.equal(hubFingerprint.safeParse(`${key}AA`).success, false));
});
