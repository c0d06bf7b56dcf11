/** The answer to a sign-in request: the signed assertion in the envelope of WS-Trust (February 2005). */
import type { Profile } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import type { Way } from '../identity.ts';
import { issuerOf, type SigningPair, signedAssertion } from './assertion.ts';
import { claimsOf, nameIdentifierOf } from './claims.ts';
import { xmlAttribute } from './xml.ts';

export interface TokenRequest {
  profile: Profile;
  how: Way;
  authenticatedAt: Date;
  wctx: string | undefined;
}

/** On whose behalf tokens are made. */
export interface TokenIssuer {
  /** WSFED_ISSUER */
  wsfedIssuer: string;
  realm: string;
  signing: SigningPair;
}

/**
 * @returns `wresult`
 * @throws CodedError PROFILE_WITHOUT_ID where the profile has no id, or one that XML cannot carry exactly
 */
export async function tokenResponse(request: TokenRequest, issuer: TokenIssuer, now: Date = new Date()): Promise<string> {
  const nameIdentifier = nameIdentifierOf(request.profile);
  if (nameIdentifier === undefined) {
    throw new CodedError('PROFILE_WITHOUT_ID', 'A profile has no id that a token can carry, by which applications would know the person', {
      action: 'Let the directory show objectGUID, uid or cn to the service account, or let the profile mapper set an id.',
    });
  }
  const assertion = await signedAssertion(
    {
      issuer: issuerOf(issuer.wsfedIssuer),
      audience: issuer.realm,
      nameIdentifier,
      claims: claimsOf(request.profile),
      how: request.how,
      authenticatedAt: request.authenticatedAt,
      now,
    },
    issuer.signing,
  );
  return withReferences(
    `<t:RequestSecurityTokenResponse Context="${xmlAttribute(request.wctx ?? '')}" xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"><t:RequestedSecurityToken>${assertion}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>`,
  );
}

/** XML 1.1 counts these two as line ends, and parsers that know only its rules would read others: the signature would not fit. */
function withReferences(xml: string): string {
  return xml.replace(/[\u0085\u2028]/g, (c) => `&#x${c.charCodeAt(0).toString(16).toUpperCase()};`);
}
