/** The claims of a user by scope, and what a connection may say about its users. */
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

/** In UTF-16 units. Beyond this an ID token has no groups; the userinfo endpoint has all. */
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
      // The directory does not prove that mail to this address reaches the user.
      ...(claims.email === undefined ? {} : { email_verified: false }),
    },
    dropped,
  };
}

/** ID tokens are sent in headers and stored in cookies: many groups are only at the userinfo endpoint. */
export function claimsForIdToken(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { groups, ...others } = claims;
  const fits = Array.isArray(groups) && groups.join('').length + groups.length * 3 <= MAX_GROUPS_TEXT_IN_ID_TOKEN;
  return fits ? { ...others, groups } : others;
}
