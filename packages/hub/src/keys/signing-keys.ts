/**
 * The tenant's signing keys: one RS256 and one ES256, made once and kept. They sign what is asked of connectors; connectors
 * verify with the PEM from their registration or with the JWKS document.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { SigningAlgorithm, StoredSigningKey } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';

export interface SigningKeys {
  /**
   * @returns a compact JWT. Made with node:crypto rather than a library: it is on the path of every login, and ES256 costs
   * 0.05 ms of CPU so, 0.2 ms through WebCrypto (RS256: 0.6 and 0.8 ms).
   */
  sign(algorithm: SigningAlgorithm, claims: Readonly<Record<string, unknown>>): string;
  /** The RS256 public key (SPKI), for connectors that read no JWKS. */
  readonly rs256PublicKeyPem: string;
  /** The JWKS document. */
  readonly jwks: { keys: JsonWebKey[] };
}

interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  /** The JWT header, encoded once. */
  header: string;
}

/** Reads the keys, or makes and keeps them where there are none. @throws CodedError STORE_FAILED */
export async function loadSigningKeys(store: Store): Promise<SigningKeys> {
  const stored = await store.signingKeys();
  const [rs256, es256] = await Promise.all((['RS256', 'ES256'] as const).map((algorithm) => keyFor(store, stored, algorithm)));
  if (rs256 === undefined || es256 === undefined) throw new Error('Two algorithms give two keys');
  const keys = { RS256: rs256, ES256: es256 };
  return {
    sign(algorithm, claims) {
      const { header, privateKey } = keys[algorithm];
      const signed = `${header}.${base64url(claims)}`;
      const signature = sign('sha256', Buffer.from(signed), privateKey);
      return `${signed}.${(algorithm === 'ES256' ? joinedNumbers(signature) : signature).toString('base64url')}`;
    },
    rs256PublicKeyPem: createPublicKey(rs256.privateKey).export({ type: 'spki', format: 'pem' }).toString(),
    jwks: {
      keys: (['ES256', 'RS256'] as const).map((alg) => ({
        ...createPublicKey(keys[alg].privateKey).export({ format: 'jwk' }),
        kid: keys[alg].kid,
        alg,
        use: 'sig',
      })),
    },
  };
}

const P256_BYTES = 32;

/**
 * An ECDSA signature as JWS has it: the two numbers in 32 bytes each (RFC 7518, section 3.4). OpenSSL gives a DER sequence of two
 * integers, each with a zero before it where its first bit is set, and without leading zeros otherwise. Node's own conversion
 * (`dsaEncoding`) doubles the cost of signing.
 */
function joinedNumbers(der: Buffer): Buffer {
  const joined = Buffer.alloc(2 * P256_BYTES);
  let at = 2;
  for (const end of [P256_BYTES, 2 * P256_BYTES]) {
    const length = der.readUInt8(at + 1);
    const number = der.subarray(at + 2, at + 2 + length);
    const significant = number.subarray(Math.max(0, length - P256_BYTES));
    significant.copy(joined, end - significant.length);
    at += 2 + length;
  }
  return joined;
}

async function keyFor(store: Store, stored: StoredSigningKey[], algorithm: SigningAlgorithm): Promise<SigningKey> {
  const key = stored.find((candidate) => candidate.algorithm === algorithm) ?? (await store.addSigningKey(await makeKey(algorithm)));
  return { kid: key.kid, privateKey: createPrivateKey(key.privateKeyPem), header: base64url({ alg: algorithm, typ: 'JWT', kid: key.kid }) };
}

async function makeKey(algorithm: SigningAlgorithm): Promise<StoredSigningKey> {
  const make = promisify(generateKeyPair);
  const { publicKey, privateKey } =
    algorithm === 'RS256' ? await make('rsa', { modulusLength: 2048 }) : await make('ec', { namedCurve: 'P-256' });
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
    .slice(0, 22);
  return { kid, algorithm, privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), createdAt: new Date() };
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
