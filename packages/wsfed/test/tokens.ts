/** A signing identity as issuer and verifier see it, and the policy that its tokens satisfy. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import type { TestIdentity } from '@landbridge/lab';
import { CodedError, errorText } from '@landbridge/runtime';
import type { SigningPair } from '../src/issue.ts';
import type { TokenSigner } from '../src/signature.ts';
import { type TokenPolicy, type VerifiedToken, verifyToken } from '../src/verify.ts';

export const AUDIENCE = 'urn:landbridge:corp';
export const ISSUER = 'urn:localhost';

export function signingPairOf({ certificate, key }: TestIdentity): SigningPair {
  return { privateKey: key, certificate: new X509Certificate(Buffer.from(certificate, 'base64')) };
}

export function signerOf(identity: TestIdentity, state: TokenSigner['state'] = 'approved'): TokenSigner {
  const { certificate } = signingPairOf(identity);
  return { thumbprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(), pem: certificate.toString(), state };
}

/** Verifies with the policy that fits the tokens of these tests, except for what is given. */
export function verified(wresult: string, policy: Pick<TokenPolicy, 'signers'> & Partial<TokenPolicy>): VerifiedToken {
  return verifyToken(wresult, {
    audience: AUDIENCE,
    issuer: ISSUER,
    requestedAt: new Date(),
    fresh: false,
    clockSkewMs: 5 * 60_000,
    now: new Date(),
    ...policy,
  });
}

export function assertRejected(read: () => unknown, why: RegExp, message = String(why)): void {
  assert.throws(
    read,
    (error) => error instanceof CodedError && /^(ASSERTION|XML)_REFUSED$/.test(error.code) && why.test(errorText(error)),
    message,
  );
}
