/** Maps a profile to OpenID Connect claims. A profile comes from any mapper of any connector, so each value is checked. */
import type { Profile } from '@landbridge/protocol';
import { z } from 'zod';
import { speaksFor } from '../connections/email-domains.ts';
import type { Connection } from '../store/connections.ts';

/** The claims of each scope. */
export const CLAIMS_OF_SCOPES = {
  openid: ['sub', 'connection', 'amr', 'auth_time'],
  profile: ['name', 'given_name', 'family_name', 'nickname', 'preferred_username', 'updated_at'],
  email: ['email', 'email_verified'],
  groups: ['groups'],
} as const;

/** Longer values are omitted: no name of a user or group is that long, and tokens travel in headers. */
const MAX_TEXT_LENGTH = 1000;
const MAX_GROUPS = 10_000;
/** In UTF-16 units. Beyond this an ID token has no groups; the userinfo endpoint has all. */
const MAX_GROUPS_TEXT_IN_ID_TOKEN = 4000;

const text = z.string().min(1).max(MAX_TEXT_LENGTH).optional().catch(undefined);
const shape = z.object({
  displayName: text,
  name: z.object({ givenName: text, familyName: text }).optional().catch(undefined),
  nickname: text,
  sAMAccountName: text,
  emails: z
    .array(z.object({ value: text }))
    .optional()
    .catch(undefined),
  groups: z.array(z.unknown()).optional().catch(undefined),
});
/** Connectors can return groups as objects of chosen attributes. */
const groupObject = z.object({ cn: text, name: text, dn: text });

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
): Record<string, unknown> {
  const { displayName, name, nickname, sAMAccountName, emails, groups } = shape.parse(profile);
  const own = (value: string | undefined) => (value !== undefined && speaksFor(connection, value) ? value : undefined);
  const email = emails?.map(({ value }) => own(value)).find((value) => value !== undefined);
  return {
    connection: connection.name,
    name: displayName,
    given_name: name?.givenName,
    family_name: name?.familyName,
    nickname: own(nickname),
    preferred_username: own(sAMAccountName) ?? own(nickname) ?? own(text.parse(username)),
    updated_at: Math.floor(now.getTime() / 1000),
    // The directory does not prove that mail to this address reaches the user.
    ...(email === undefined ? {} : { email, email_verified: false }),
    ...(groups === undefined ? {} : { groups: groups.slice(0, MAX_GROUPS).flatMap(groupName) }),
  };
}

/** ID tokens are sent in headers and stored in cookies: many groups are only at the userinfo endpoint. */
export function claimsForIdToken(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { groups, ...others } = claims;
  const fits = Array.isArray(groups) && groups.join('').length + groups.length * 3 <= MAX_GROUPS_TEXT_IN_ID_TOKEN;
  return fits ? { ...others, groups } : others;
}

function groupName(group: unknown): string[] {
  const object = groupObject.safeParse(group).data;
  const name = text.parse(typeof group === 'string' ? group : (object?.cn ?? object?.name ?? object?.dn));
  return name === undefined ? [] : [name];
}
