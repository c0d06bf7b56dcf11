/** Proof that a connector has its key before the hub knows it: a JWS whose header contains the public key. */
import { createPublicKey } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import { decodeJwt, decodeProtectedHeader, EmbeddedJWK, errors, jwtVerify } from 'jose';
import type { z } from 'zod';

const MAX_AGE_SECONDS = 60;

/** @returns how long a proof may be accepted, however the two clocks differ within the limit */
export function proofLifetimeSeconds(clockSkewLimitSeconds: number): number {
  return MAX_AGE_SECONDS + 2 * clockSkewLimitSeconds;
}

export interface KeyProof<T> {
  claims: T;
  /** SPKI, as returned by `publicKeyOf`. */
  publicKey: string;
}

/** @throws CodedError OTHER_HUB_IDENTITY, CLOCK_SKEW, INVALID_REQUEST */
export async function verifyKeyProof<T>(
  jws: string,
  schema: z.ZodType<T>,
  { clockSkewLimitSeconds, ...expected }: { audience: string | string[]; subject?: string; clockSkewLimitSeconds: number },
): Promise<KeyProof<T>> {
  try {
    const { payload } = await jwtVerify(jws, EmbeddedJWK, {
      ...expected,
      algorithms: ['RS256'],
      requiredClaims: ['iat', 'jti'],
      maxTokenAge: MAX_AGE_SECONDS,
      clockTolerance: clockSkewLimitSeconds,
    });
    const { n, e } = decodeProtectedHeader(jws).jwk ?? {};
    const key = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e } });
    return { claims: schema.parse(payload), publicKey: key.export({ type: 'spki', format: 'der' }).toString('base64') };
  } catch (cause) {
    throw refused(cause, jws);
  }
}

/** Only for the error message. The signature was verified before the times, so `iat` is the connector's. */
function clockOf(jws: string): string {
  const skewSeconds = Math.round((decodeJwt(jws).iat ?? 0) - Date.now() / 1000);
  return `The connector's clock is ${Math.abs(skewSeconds)} s ${skewSeconds > 0 ? 'ahead of' : 'behind'} this hub's`;
}

function refused(cause: unknown, jws: string): CodedError {
  const claim = cause instanceof errors.JWTClaimValidationFailed || cause instanceof errors.JWTExpired ? cause.claim : undefined;
  if (claim === 'aud') {
    return new CodedError('OTHER_HUB_IDENTITY', 'The request is for a hub with a different identity', {
      action: 'If the identity of this hub was replaced, give the connector a new ticket.',
    });
  }
  if (claim === 'iat') {
    return new CodedError('CLOCK_SKEW', clockOf(jws), {
      action: 'Let NTP set both clocks.',
    });
  }
  return new CodedError('INVALID_REQUEST', 'The request is not a valid enrolment', { cause });
}
