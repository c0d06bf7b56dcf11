/** The claims for each scope, and which users a connection may make claims about. */
import { claimsOfProfile, type Profile } from '@landbridge/protocol';
import { speaksFor } from '../connections/email-domains.ts';
import type { Connection } from '../store/connections.ts';

/** The claims of each scope. */
export const CLAIMS_OF_SCOPES = {
  openid: ['sub', 'connection', 'amr', 'auth_time'],
  profile: [
    'name',
    'given_name',
    'family_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'picture',
    'locale',
    'zoneinfo',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  groups: ['groups'],
} as const;

/** In UTF-16 units. Beyond this an ID token refers to the userinfo endpoint for groups. */
const MAX_GROUPS_TEXT_IN_ID_TOKEN = 4000;

/**
 * Omits addresses outside the connection's e-mail domains: the administrator of one connection must not name the users of another.
 *
 * @param username as typed, for profiles without an account name
 */
export function providerClaims(
  profile: Profile,
  connection: Pick<Connection, 'name' | 'settings'>,
  username: string,
  now: Date,
): { claims: Record<string, unknown>; dropped: string[] } {
  const { claims, dropped } = claimsOfProfile(profile, username, (address) => speaksFor(connection, address));
  return {
    claims: {
      connection: connection.name,
      ...claims,
      updated_at: Math.floor(now.getTime() / 1000),
      ...(claims.email === undefined ? {} : { email_verified: isVerified(connection) }),
    },
    dropped,
  };
}

/**
 * A directory does not prove that mail to an address reaches the user, so an operator must have confirmed it. Addresses of other domains
 * have been dropped already. Without configured domains, a connection could claim any address.
 */
function isVerified({ settings: { emailVerified, emailDomains } }: Pick<Connection, 'settings'>): boolean {
  return emailVerified && emailDomains.length > 0;
}

/**
 * ID tokens are sent in headers and stored in cookies: many groups are only at the userinfo endpoint. The token says so as a distributed claim
 * (OpenID Connect Core, section 5.6.2), so that an application does not mistake it for a user without groups.
 */
export function claimsForIdToken(claims: Readonly<Record<string, unknown>>, userinfo: string): Record<string, unknown> {
  const { groups, ...others } = claims;
  if (!Array.isArray(groups)) return others;
  if (groups.join('').length + groups.length * 3 <= MAX_GROUPS_TEXT_IN_ID_TOKEN) return { ...others, groups };
  return { ...others, _claim_names: { groups: 'userinfo' }, _claim_sources: { userinfo: { endpoint: userinfo } } };
}
