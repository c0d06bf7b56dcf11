/** How a connector proves that it has its key before the hub knows it: a JWS whose header carries the public half. */
import { createPublicKey } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import { decodeProtectedHeader, EmbeddedJWK, errors, jwtVerify } from 'jose';
import type { z } from 'zod';

/** How far the connector's clock may be off: five minutes, as Kerberos allows. */
const MAX_SKEW_SECONDS = 300;
const MAX_AGE_SECONDS = 60;
/** How long one proof may be accepted, by the connector's clock and the hub's. */
export const PROOF_LIFETIME_SECONDS = MAX_AGE_SECONDS + 2 * MAX_SKEW_SECONDS;

export interface KeyProof<T> {
  claims: T;
  /** SPKI, as `publicKeyOf` returns it. */
  publicKey: string;
}

/** @throws CodedError OTHER_HUB_IDENTITY, CLOCK_SKEW, INVALID_REQUEST */
export async function verifyKeyProof<T>(
  jws: string,
  schema: z.ZodType<T>,
  expected: { audience: string | string[]; subject?: string },
): Promise<KeyProof<T>> {
  try {
    const { payload } = await jwtVerify(jws, EmbeddedJWK, {
      ...expected,
      algorithms: ['RS256'],
      requiredClaims: ['iat', 'jti'],
      maxTokenAge: MAX_AGE_SECONDS,
      clockTolerance: MAX_SKEW_SECONDS,
    });
    const { n, e } = decodeProtectedHeader(jws).jwk ?? {};
    const key = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e } });
    return { claims: schema.parse(payload), publicKey: key.export({ type: 'spki', format: 'der' }).toString('base64') };
  } catch (cause) {
    throw refused(cause);
  }
}

function refused(cause: unknown): CodedError {
  const claim = cause instanceof errors.JWTClaimValidationFailed || cause instanceof errors.JWTExpired ? cause.claim : undefined;
  if (claim === 'aud') {
    return new CodedError('OTHER_HUB_IDENTITY', 'The request is for a hub with another identity', {
      action: 'If the identity of this hub was replaced, give the connector a new ticket.',
    });
  }
  if (claim === 'iat') {
    return new CodedError('CLOCK_SKEW', `The clocks of connector and hub differ by more than ${MAX_SKEW_SECONDS / 60} minutes`, {
      action: 'Synchronize both by NTP.',
    });
  }
  return new CodedError('INVALID_REQUEST', 'The request is not a valid enrolment', { cause });
}
