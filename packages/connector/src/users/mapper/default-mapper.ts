/** The profile made of a directory entry if there is no custom mapper. */
import type { Profile } from '@landbridge/protocol';
import { textOf } from '../../ldap/entry.ts';

/** Copied under their own names. */
const SAME_NAME = [
  'dn',
  'st',
  'description',
  'postalCode',
  'telephoneNumber',
  'distinguishedName',
  'co',
  'department',
  'company',
  'mailNickname',
  'sAMAccountName',
  'sAMAccountType',
  'userPrincipalName',
  'manager',
  'organizationUnits',
] as const;

/** Set beside the entry to warn of an expiring password; not attributes of any directory. */
const PASSWORD_WARNINGS = ['passwordExpiresAt', 'passwordGraceLogins'] as const;

/**
 * Makes the profile that hubs expect of any connector. An attribute with several values stays an array, and a missing one (undefined, or
 * `[]` as an LDAP search returns it) is omitted.
 *
 * @param raw the entry by attribute name, with `groups` and `organizationUnits` if known
 */
export function defaultProfile(raw: Readonly<Record<string, unknown>>): Profile {
  // Own properties only: an entry does not have a `constructor`, whatever its prototype says.
  const value = (name: string): unknown => (Object.hasOwn(raw, name) ? present(raw[name]) : undefined);
  const mail = value('mail');
  const profile: Profile = withoutUndefined({
    id: value('objectGUID') ?? value('uid') ?? value('cn'),
    displayName: value('displayName'),
    name: withoutUndefined({ familyName: value('sn'), givenName: value('givenName') }),
    nickname: value('sAMAccountName') ?? value('cn') ?? value('commonName'),
    // An empty list of groups means that the user is in none.
    groups: Object.hasOwn(raw, 'groups') ? raw.groups : undefined,
    emails: mail === undefined ? undefined : [{ value: mail }],
  });
  for (const name of [...SAME_NAME, ...PASSWORD_WARNINGS]) {
    const attribute = value(name);
    if (attribute !== undefined) profile[name] = attribute;
  }
  return profile;
}

/** @returns undefined for what Auth0 connectors treat as no value. Bytes that are not valid text become Base64. */
function present(value: unknown): unknown {
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return undefined;
  if (Array.isArray(value)) return value.map((item: unknown) => (Buffer.isBuffer(item) ? textOf(item) : item));
  return Buffer.isBuffer(value) ? textOf(value) : value;
}

function withoutUndefined(object: Record<string, unknown>): Record<string, unknown> {
  for (const key of Object.keys(object)) if (object[key] === undefined) delete object[key];
  return object;
}

/** The attributes it reads, so that a directory can be asked for just these. */
export const DEFAULT_MAPPER_ATTRIBUTES: readonly string[] = [
  ...['objectGUID', 'uid', 'cn', 'displayName', 'sn', 'givenName', 'mail'],
  ...SAME_NAME.filter((name) => name !== 'dn' && name !== 'organizationUnits'),
];
