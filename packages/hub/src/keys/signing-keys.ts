/**
 * The tenant's signing keys of the running hub: RS256 and ES256, which sign what is asked of connectors; connectors verify with the
 * PEM from their registration or with the JWKS document. Making and replacing keys is in `rotation.ts`.
 */
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { jsonToBase64url, signEs256 } from '@landbridge/protocol';
import type { SigningAlgorithm, StoredSigningKey } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';
import { makeSigningKey } from './rotation.ts';

export interface SigningKeys {
  /**
   * @param kid the key that the reader knows; undefined (or a key that is gone): the one that signs now
   * @returns a compact JWT. Made with node:crypto rather than a library: it is on the path of every login, and ES256 costs
   * 0.05 ms of CPU so, 0.2 ms through WebCrypto (RS256: 0.6 and 0.8 ms).
   */
  sign(algorithm: SigningAlgorithm, claims: Readonly<Record<string, unknown>>, kid?: string): string;
  /** What a connector that reads no JWKS is told: the newest RS256 key (SPKI), which is good for longest. */
  pemForRegistration(): { kid: string; pem: string };
  /** Whether the key is gone, and when it goes; undefined: that is not decided. */
  lifeOf(kid: string): { gone: boolean; retiresAt: Date | undefined };
  /** The JWKS document: also keys that do not sign yet, and those that signed until lately. */
  readonly jwks: { keys: JsonWebKey[] };
  /** The private keys, the one that signs now before others of its algorithm; for who signs with a library of its own. */
  privateJwks(): { keys: JsonWebKey[] };
  /** Takes up what was changed in the store, also by another process, and removes the keys whose time has come. */
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

/** Reads the keys, or makes and keeps them where there are none. @throws CodedError STORE_FAILED */
export async function loadSigningKeys(store: Store, now: () => number = Date.now): Promise<SigningKeys> {
  /** Of each algorithm the newest first. */
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
    // A clock that was set back must not leave the hub without a key: then it is the oldest.
    const key = ofAlgorithm.find(({ signsFromMs }) => signsFromMs <= now()) ?? ofAlgorithm.at(-1);
    if (key === undefined) throw new Error(`There is no ${algorithm} key`);
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
      return { gone: key === undefined, retiresAt: key?.retiresAt };
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
