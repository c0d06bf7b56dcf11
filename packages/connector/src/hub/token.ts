/**
 * Checks the signed token of a request from the hub: that the hub's key signed it, that it has not expired, and that it is not a replay.
 *
 * Verified by node:crypto in this thread; docs/decisions/022-jose-and-node-crypto.md has the measurements. What jose would check of a
 * token's form is checked here, as RFC 7515 has it.
 */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { CLOCK_SKEW_TOLERANCE_MS, derSignature, fromBase64url, HUB_TOKEN_ALGORITHMS, jsonFromBase64url } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { z } from 'zod';
import type { ReplayMemory } from './replay.ts';

export type HubTokenAlgorithm = (typeof HUB_TOKEN_ALGORITHMS)[number];

/** A key with its allowed algorithms: reading them from the key for each token would cost more than verifying an RSA signature. */
export interface HubKey {
  key: KeyObject;
  algorithms: readonly HubTokenAlgorithm[];
}

/** The hub's keys: the one it returned at registration, or those of its JWKS document. */
export interface HubKeys {
  /** @returns the key, or why there is none; synchronously if it is known */
  keyFor(header: TokenHeader): HubKey | { refused: string } | Promise<HubKey | { refused: string }>;
}

export type TokenHeader = z.infer<typeof headerSchema>;

export interface TokenChecks {
  keys: HubKeys;
  replay: ReplayMemory;
  now(): number;
}

export type CheckedToken = { claims: Record<string, unknown> } | { refused: string };

const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST } = constants;

const headerSchema = z.object({
  alg: z.enum(HUB_TOKEN_ALGORITHMS),
  kid: z.string().max(1024).optional(),
  // No critical extensions are supported (RFC 7515, section 4.1.11), including the unencoded payload of RFC 7797.
  crit: z.undefined().optional(),
  b64: z.undefined().optional(),
});
const claimsSchema = z.record(z.string(), z.unknown());
const TOLERANCE_SECONDS = CLOCK_SKEW_TOLERANCE_MS / 1000;
const timesSchema = z.object({ exp: z.number().optional(), nbf: z.number().optional() });

/**
 * @param token three parts in base64url, as received
 * @returns its claims, or why it is refused, as the end of a sentence that reveals nothing of the token
 */
export async function checkToken(token: string, { keys, replay, now }: TokenChecks): Promise<CheckedToken> {
  const parts = token.split('.');
  const [encodedHeader, encodedPayload, encodedSignature] = parts;
  if (parts.length !== 3 || !encodedHeader || !encodedPayload || !encodedSignature) return { refused: 'it does not have three parts' };
  const signature = fromBase64url(encodedSignature);
  const header = headerSchema.safeParse(jsonFromBase64url(encodedHeader));
  if (!header.success) return { refused: headerProblem(header.error) };
  if (signature === undefined) return { refused: 'its signature is not base64url' };

  const found = keys.keyFor(header.data);
  const hubKey = found instanceof Promise ? await found : found;
  if ('refused' in hubKey) return hubKey;
  const { alg } = header.data;
  if (!hubKey.algorithms.includes(alg)) return { refused: `it is signed by ${alg}, which does not match the hub's key` };
  const signed = token.slice(0, encodedHeader.length + 1 + encodedPayload.length);
  if (!verifies(alg, hubKey.key, signed, signature)) return { refused: 'the hub did not sign it' };

  const claims = claimsSchema.safeParse(jsonFromBase64url(encodedPayload));
  if (!claims.success) return { refused: 'its payload is not a JSON object' };
  const refused = timesProblem(claims.data, now());
  if (refused !== undefined) return { refused };
  const { exp } = claims.data;
  const expiresAtSeconds = typeof exp === 'number' ? Math.ceil(exp + TOLERANCE_SECONDS) : undefined;
  if (!replay.firstTime(signed, expiresAtSeconds)) return { refused: 'it was used before' };
  return { claims: claims.data };
}

/** @returns why claims with these times (RFC 7519, section 4.1) are not valid now */
export function timesProblem(claims: Readonly<Record<string, unknown>>, nowMs: number): string | undefined {
  const times = timesSchema.safeParse(claims);
  if (!times.success) return `its "${times.error.issues[0]?.path.join('.') ?? ''}" is not a number`;
  const { exp, nbf } = times.data;
  const nowSeconds = nowMs / 1000;
  if (exp !== undefined && nowSeconds >= exp + TOLERANCE_SECONDS) {
    return `it expired ${seconds(nowSeconds - exp)} ago; check the clocks on both sides`;
  }
  if (nbf !== undefined && nowSeconds < nbf - TOLERANCE_SECONDS) {
    return `it becomes valid only in ${seconds(nbf - nowSeconds)}; check the clocks on both sides`;
  }
  return undefined;
}

/**
 * @param pem TENANT_SIGNING_KEY: a public key (SPKI or PKCS#1) or a certificate
 * @throws CodedError HUB_SIGNING_KEY_UNUSABLE
 */
export function signingKey(pem: string): HubKeys {
  const action = 'Provision the connector again with its ticket. If that does not help, the hub hands out an unusable key.';
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new CodedError('HUB_SIGNING_KEY_UNUSABLE', "The hub's signing key (TENANT_SIGNING_KEY) cannot be read", { action, cause });
  }
  // createPublicKey also accepts a private key, which a hub must never send.
  const algorithms = algorithmsOf(key);
  if (pem.includes('PRIVATE KEY') || algorithms.length === 0) {
    throw new CodedError(
      'HUB_SIGNING_KEY_UNUSABLE',
      "The hub's signing key (TENANT_SIGNING_KEY) is not a public RSA (2048 bits or more) or EC key",
      { action },
    );
  }
  const hubKey: HubKey = { key, algorithms };
  return { keyFor: () => hubKey };
}

const RSA_ALGORITHMS: readonly HubTokenAlgorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
/** Curves by OpenSSL's names; each has one algorithm (RFC 7518, section 3.4). */
const EC_ALGORITHMS: Readonly<Record<string, HubTokenAlgorithm>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
/** Two numbers as long as the curve's (RFC 7518, 3.4). */
const EC_SIGNATURE_BYTES = { ES256: 64, ES384: 96, ES512: 132 } as const;
/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2048;

/** @returns the algorithms a key may be used with; none for a weak key or one of another type */
export function algorithmsOf(key: KeyObject): readonly HubTokenAlgorithm[] {
  const details = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') return (details.modulusLength ?? 0) >= MIN_RSA_BITS ? RSA_ALGORITHMS : [];
  if (key.asymmetricKeyType !== 'ec') return [];
  const algorithm = EC_ALGORITHMS[details.namedCurve ?? ''];
  return algorithm === undefined ? [] : [algorithm];
}

function verifies(alg: HubTokenAlgorithm, key: KeyObject, signed: string, signature: Buffer): boolean {
  const data = Buffer.from(signed);
  const digest = `sha${alg.slice(2)}`;
  switch (alg) {
    case 'RS256':
    case 'RS384':
    case 'RS512':
      return verify(digest, data, { key, padding: RSA_PKCS1_PADDING }, signature);
    case 'PS256':
    case 'PS384':
    case 'PS512':
      return verify(digest, data, { key, padding: RSA_PKCS1_PSS_PADDING, saltLength: RSA_PSS_SALTLEN_DIGEST }, signature);
    case 'ES256':
    case 'ES384':
    case 'ES512':
      // A signature of another length would be another encoding of the same numbers.
      return signature.length === EC_SIGNATURE_BYTES[alg] && verify(digest, data, key, derSignature(signature));
  }
}

function headerProblem(error: z.ZodError): string {
  const field = error.issues[0]?.path[0];
  if (field === 'alg') return 'its algorithm is not RS, PS or ES with 256, 384 or 512';
  return field === undefined ? 'its header is not JSON in base64url' : `its header has an invalid "${String(field)}"`;
}

function seconds(value: number): string {
  return `${Math.ceil(value)} s`;
}
