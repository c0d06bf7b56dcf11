/**
 * The OpenID provider's keys: one per algorithm of ID tokens, and one for cookies. They differ from the keys for requests to connectors (`keys/`),
 * so that a token for an application can never pass as a request.
 */
import { createHash, createPrivateKey, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { JWK } from 'oidc-provider';
import { type Operator, recordChange } from '../operator.ts';
import type { OidcKey } from '../store/oidc-keys.ts';
import type { SigningAlgorithm } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';

/** An old key stays published this long, and its cookies and ID tokens (as logout hints) stay valid. */
const RETIRED_LIFETIME_MS = 30 * 24 * 60 * 60_000;

export interface ProviderKeys {
  /** Private. The newest of each algorithm comes first, and signs. */
  jwks: { keys: JWK[] };
  cookieKeys: string[];
  /** Changes with every rotation. */
  version: string;
}

/** Reads the keys, or creates the first ones. @throws CodedError STORE_FAILED */
export async function loadProviderKeys(store: Store): Promise<ProviderKeys> {
  let stored = await store.oidcKeys();
  if (stored.length === 0) {
    await store.addFirstOidcKeys(await makeKeys());
    stored = await store.oidcKeys();
  }
  return {
    jwks: { keys: stored.flatMap((key) => (key.purpose === 'cookie' ? [] : [privateJwk(key, key.purpose)])) },
    cookieKeys: stored.filter(({ purpose }) => purpose === 'cookie').map(({ secret }) => secret),
    version: stored.map(({ id }) => id).join(),
  };
}

/**
 * New keys sign from now on, in a running hub within a minute; old ones stay published for 30 days.
 * @returns the ids of the new keys
 */
export async function rotateProviderKeys(operator: Operator): Promise<string[]> {
  const keys = await makeKeys();
  await operator.store.addOidcKeys(keys);
  await recordChange(operator, { action: 'oidc-keys.rotate', detail: keys.map(({ id }) => id).join(' ') });
  await operator.takeEffect();
  return keys.map(({ id }) => id);
}

/** Removes keys replaced more than 30 days ago. */
export async function removeRetiredKeys(store: Store, now: Date): Promise<void> {
  // The newest first: a key has been out of use since the previous one in this list, of the same purpose, was created.
  const replacedAt = new Map<OidcKey['purpose'], Date>();
  for (const { id, purpose, createdAt } of await store.oidcKeys()) {
    const since = replacedAt.get(purpose);
    replacedAt.set(purpose, createdAt);
    if (since !== undefined && since.getTime() + RETIRED_LIFETIME_MS < now.getTime()) await store.removeOidcKey(id);
  }
}

async function makeKeys(): Promise<OidcKey[]> {
  const createdAt = new Date();
  const make = promisify(generateKeyPair);
  const [rsa, ec] = await Promise.all([make('rsa', { modulusLength: 2048 }), make('ec', { namedCurve: 'P-256' })]);
  return [
    ...([['RS256', rsa] as const, ['ES256', ec] as const] satisfies [SigningAlgorithm, typeof rsa][]).map(
      ([purpose, { publicKey, privateKey }]) => ({
        id: createHash('sha256')
          .update(publicKey.export({ type: 'spki', format: 'der' }))
          .digest('base64url')
          .slice(0, 22),
        purpose,
        secret: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        createdAt,
      }),
    ),
    { id: randomBytes(8).toString('hex'), purpose: 'cookie', secret: randomBytes(32).toString('base64url'), createdAt },
  ];
}

function privateJwk({ id, secret }: OidcKey, algorithm: SigningAlgorithm): JWK {
  const { kty, n, e, d, p, q, dp, dq, qi, crv, x, y } = createPrivateKey(secret).export({ format: 'jwk' });
  return { kid: id, alg: algorithm, use: 'sig', kty, n, e, d, p, q, dp, dq, qi, crv, x, y };
}
