/**
 * The running hub's signing keys for requests to connectors, RS256 and ES256. Connectors verify with the PEM from their registration or with the
 * JWKS document. `rotation.ts` creates and replaces keys.
 */
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { jsonToBase64url, signEs256 } from '@landbridge/protocol';
import type { SigningAlgorithm, StoredSigningKey } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';
import { makeSigningKey } from './rotation.ts';

export interface SigningKeys {
  /**
   * @param kid the key that the connector knows; undefined, or a removed key: the current one
   * @returns a compact JWT. It uses node:crypto instead of a library, as it is on the path of every sign-in: ES256 takes 0.05 ms of CPU,
   * and 0.2 ms through WebCrypto (RS256: 0.6 and 0.8 ms).
   */
  sign(algorithm: SigningAlgorithm, claims: Readonly<Record<string, unknown>>, kid?: string): string;
  /** For connectors that do not read the JWKS document: the newest RS256 key (SPKI), which stays longest. */
  pemForRegistration(): { kid: string; pem: string };
  /** Whether the key was removed, or when it will be; undefined: not scheduled. */
  lifeOf(kid: string): { removed: boolean; retiresAt: Date | undefined };
  /** The JWKS document, including next and retiring keys. */
  readonly jwks: { keys: JsonWebKey[] };
  /** The private keys, the current one of each algorithm first. */
  privateJwks(): { keys: JsonWebKey[] };
  /** Reads changes in the store, also those of other processes, and removes expired keys. */
  reload(): Promise<void>;
}

interface SigningKey {
  kid: string;
  algorithm: SigningAlgorithm;
  signsFromMs: number;
  retiresAt: Date | undefined;
  privateKey: KeyObject;
  /** The JWT header, encoded once. */
  header: string;
  publicJwk: JsonWebKey;
}

const ALGORITHMS = ['ES256', 'RS256'] as const;

/** Reads the keys, or creates missing ones. @throws CodedError STORE_FAILED */
export async function loadSigningKeys(store: Store, now: () => number = Date.now): Promise<SigningKeys> {
  /** The newest of each algorithm first. */
  let keys: SigningKey[] = [];
  let jwks: { keys: JsonWebKey[] } = { keys: [] };

  async function reload(): Promise<void> {
    await store.removeRetiredSigningKeys(new Date(now()));
    let stored = await store.signingKeys();
    if (ALGORITHMS.some((algorithm) => !stored.some((key) => key.algorithm === algorithm))) {
      const missing = ALGORITHMS.filter((algorithm) => !stored.some((key) => key.algorithm === algorithm));
      for (const algorithm of missing) await store.addSigningKey(await makeSigningKey(algorithm, new Date(now())));
      stored = await store.signingKeys();
    }
    const known = new Map(keys.map((key) => [key.kid, key]));
    keys = stored
      .reverse()
      .map((key) => ({ ...(known.get(key.kid) ?? readKey(key)), signsFromMs: key.signsFrom.getTime(), retiresAt: key.retiresAt }));
    jwks = { keys: ALGORITHMS.flatMap((algorithm) => keys.filter((key) => key.algorithm === algorithm)).map((key) => key.publicJwk) };
  }

  function current(algorithm: SigningAlgorithm): SigningKey {
    const ofAlgorithm = keys.filter((key) => key.algorithm === algorithm);
    // If the clock was set back and no key signs yet, the oldest does.
    const key = ofAlgorithm.find(({ signsFromMs }) => signsFromMs <= now()) ?? ofAlgorithm.at(-1);
    if (key === undefined) throw new Error(`No ${algorithm} key`);
    return key;
  }

  await reload();
  return {
    sign(algorithm, claims, kid) {
      const named = kid === undefined ? undefined : keys.find((key) => key.kid === kid && key.algorithm === algorithm);
      const { header, privateKey } = named ?? current(algorithm);
      const signed = `${header}.${jsonToBase64url(claims)}`;
      const signature = algorithm === 'ES256' ? signEs256(privateKey, signed) : sign('sha256', Buffer.from(signed), privateKey);
      return `${signed}.${signature.toString('base64url')}`;
    },
    pemForRegistration() {
      const { kid, privateKey } = keys.find((key) => key.algorithm === 'RS256') ?? current('RS256');
      return { kid, pem: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString() };
    },
    lifeOf(kid) {
      const key = keys.find((candidate) => candidate.kid === kid);
      return { removed: key === undefined, retiresAt: key?.retiresAt };
    },
    get jwks() {
      return jwks;
    },
    privateJwks() {
      const signing = ALGORITHMS.map(current);
      const ordered = [...signing, ...keys.filter((key) => !signing.includes(key))];
      return {
        keys: ordered.map(({ privateKey, kid, algorithm }) => ({
          ...privateKey.export({ format: 'jwk' }),
          kid,
          alg: algorithm,
          use: 'sig',
        })),
      };
    },
    reload,
  };
}

function readKey({ kid, algorithm, privateKeyPem, signsFrom, retiresAt }: StoredSigningKey): SigningKey {
  const privateKey = createPrivateKey(privateKeyPem);
  return {
    kid,
    algorithm,
    signsFromMs: signsFrom.getTime(),
    retiresAt,
    privateKey,
    header: jsonToBase64url({ alg: algorithm, typ: 'JWT', kid }),
    publicJwk: { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' },
  };
}
