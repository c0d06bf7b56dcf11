/**
 * The hub's identity, by which connectors recognise it. Tickets contain its fingerprint. It is created once, before the first ticket, and each new
 * key is signed by the previous one.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  type HubIdentityChain,
  hubFingerprintOf,
  type IdentityPurpose,
  MAX_IDENTITY_CHAIN,
  rawIdentityKey,
  signByIdentity,
} from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { type Operator, recordChange } from '../operator.ts';
import type { HubIdentityKey } from '../store/hub-identity-keys.ts';
import type { Store } from '../store/store.ts';

export interface HubIdentity {
  /** The fingerprint of the current key. */
  readonly fingerprint: string;
  /** For connectors that know an earlier key. */
  readonly chain: HubIdentityChain;
  /** Signs with the current key, the last one in `chain`. */
  sign(purpose: IdentityPurpose, bytes: Uint8Array): Buffer;
  /** Reads changes in the store, including those made by other processes. */
  reload(): Promise<void>;
}

/** Reads the identity, or creates it. @throws CodedError STORE_FAILED */
export async function loadHubIdentity(store: Store): Promise<HubIdentity> {
  let current = await read(store);
  return {
    get fingerprint() {
      return current.fingerprint;
    },
    get chain() {
      return current.chain;
    },
    sign: (purpose, bytes) => signByIdentity(current.privateKey, purpose, bytes),
    async reload() {
      current = await read(store);
    },
  };
}

/**
 * Creates a new key, signed by the current one. Connectors accept it when they next read their ticket.
 * @returns the new fingerprint
 * @throws CodedError HUB_IDENTITY_CHANGED
 */
export async function rotateHubIdentity(operator: Operator): Promise<string> {
  const { chain, privateKey } = await read(operator.store);
  const next = makeKey();
  const signature = signByIdentity(privateKey, 'next key', Buffer.from(next.key, 'base64url')).toString('base64url');
  if (!(await operator.store.succeedHubIdentity(chain.at(-1)?.key ?? '', { ...next, signature }))) {
    throw new CodedError('HUB_IDENTITY_CHANGED', 'The identity of the hub was rotated by another process at the same time');
  }
  return announce(operator, 'hub-identity.rotate', next);
}

/**
 * Replaces a stolen key with one that no earlier key has signed, so every connector needs a new ticket.
 * @returns the new fingerprint
 */
export async function replaceHubIdentity(operator: Operator): Promise<string> {
  const first = makeKey();
  await operator.store.replaceHubIdentity(first);
  return announce(operator, 'hub-identity.replace', first);
}

async function announce(operator: Operator, action: string, { key }: HubIdentityKey): Promise<string> {
  const fingerprint = hubFingerprintOf(key);
  await recordChange(operator, { action, subject: fingerprint });
  await operator.takeEffect();
  return fingerprint;
}

async function read(store: Store): Promise<{ fingerprint: string; chain: HubIdentityChain; privateKey: KeyObject }> {
  let stored = await store.hubIdentityKeys();
  if (stored.length === 0) {
    await store.addFirstHubIdentity(makeKey());
    stored = await store.hubIdentityKeys();
  }
  const current = stored.at(-1);
  if (current?.privateKeyPem === undefined) throw new Error("The private key of the hub's identity is missing");
  const chain = stored.slice(-MAX_IDENTITY_CHAIN).map(({ key, signature }) => ({ key, ...(signature !== undefined && { signature }) }));
  return { fingerprint: hubFingerprintOf(current.key), chain, privateKey: createPrivateKey(current.privateKeyPem) };
}

function makeKey(): HubIdentityKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key: rawIdentityKey(privateKey), signature: undefined, privateKeyPem, createdAt: new Date() };
}
