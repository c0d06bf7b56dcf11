/**
 * The running hub's signing keys for requests to connectors without a session (RS256, as in Auth0's contract). Connectors verify with the PEM from their
 * registration or with the JWKS document. `rotation.ts` creates and replaces keys.
 */
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { jsonToBase64url } from '@landbridge/protocol';
import type { StoredSigningKey } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';
import { makeSigningKey } from './rotation.ts';

export interface SigningKeys {
  /**
   * @param kid the key that the connector knows; undefined, or a removed key: the current one
   * @returns a compact JWT. Uses node:crypto instead of a library, because it runs for every sign-in.
   */
  sign(claims: Readonly<Record<string, unknown>>, kid?: string): string;
  /** For connectors that do not read the JWKS document: the newest key (SPKI), which stays valid longest. */
  pemForRegistration(): { kid: string; pem: string };
  /** Whether the key was removed, or when it will be; undefined: not scheduled. */
  lifeOf(kid: string): { removed: boolean; retiresAt: Date | undefined };
  /** The JWKS document, including next and retiring keys. */
  readonly jwks: { keys: JsonWebKey[] };
  /** Reads changes in the store, also those of other processes, and removes expired keys. */
  reload(): Promise<void>;
}

interface SigningKey {
  kid: string;
  signsFromMs: number;
  retiresAt: Date | undefined;
  privateKey: KeyObject;
  /** The JWT header, encoded once. */
  header: string;
  publicJwk: JsonWebKey;
}

const ALGORITHM = 'RS256';

/** Reads the keys, or creates missing ones. @throws CodedError STORE_FAILED */
export async function loadSigningKeys(store: Store, now: () => number = Date.now): Promise<SigningKeys> {
  /** The newest first. */
  let keys: SigningKey[] = [];
  let jwks: { keys: JsonWebKey[] } = { keys: [] };

  async function reload(): Promise<void> {
    await store.removeRetiredSigningKeys(new Date(now()));
    let stored = await store.signingKeys();
    if (stored.length === 0) {
      await store.addSigningKey(await makeSigningKey(new Date(now())));
      stored = await store.signingKeys();
    }
    const known = new Map(keys.map((key) => [key.kid, key]));
    keys = stored
      .reverse()
      .map((key) => ({ ...(known.get(key.kid) ?? readKey(key)), signsFromMs: key.signsFrom.getTime(), retiresAt: key.retiresAt }));
    jwks = { keys: keys.map((key) => key.publicJwk) };
  }

  function current(): SigningKey {
    // If the clock was set back and no key signs yet, the oldest does.
    const key = keys.find(({ signsFromMs }) => signsFromMs <= now()) ?? keys.at(-1);
    if (key === undefined) throw new Error('No signing key');
    return key;
  }

  await reload();
  return {
    sign(claims, kid) {
      const { header, privateKey } = keys.find((key) => key.kid === kid) ?? current();
      const signed = `${header}.${jsonToBase64url(claims)}`;
      return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
    },
    pemForRegistration() {
      const { kid, privateKey } = keys[0] ?? current();
      return { kid, pem: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString() };
    },
    lifeOf(kid) {
      const key = keys.find((candidate) => candidate.kid === kid);
      return { removed: key === undefined, retiresAt: key?.retiresAt };
    },
    get jwks() {
      return jwks;
    },
    reload,
  };
}

function readKey({ kid, privateKeyPem, signsFrom, retiresAt }: StoredSigningKey): SigningKey {
  const privateKey = createPrivateKey(privateKeyPem);
  return {
    kid,
    signsFromMs: signsFrom.getTime(),
    retiresAt,
    privateKey,
    header: jsonToBase64url({ alg: ALGORITHM, typ: 'JWT', kid }),
    publicJwk: { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid, alg: ALGORITHM, use: 'sig' },
  };
}
