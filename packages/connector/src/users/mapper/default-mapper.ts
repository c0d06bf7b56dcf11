/** The profile that is made of a directory entry where nobody wrote a mapper of their own. */
import type { Profile } from '@landbridge/protocol';

/** Carried over under their own names. */
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

/** Set beside the entry where there is something to warn of; no attributes of any directory. */
const PASSWORD_WARNINGS = ['passwordExpiresAt', 'passwordGraceLogins'] as const;

/**
 * Makes the profile that hubs expect from any connector. An attribute of several values goes over as the array it is, one that is
 * absent (undefined, or `[]` as an LDAP search gives it) is left out.
 *
 * @param raw the entry by attribute name, with `groups` and `organizationUnits` where they are known
 */
export function defaultProfile(raw: Readonly<Record<string, unknown>>): Profile {
  // Own properties only: an entry without `constructor` has none, whatever its prototype says.
  const value = (name: string): unknown => (Object.hasOwn(raw, name) ? present(raw[name]) : undefined);
  const mail = value('mail');
  const profile: Profile = withoutUndefined({
    id: value('objectGUID') ?? value('uid') ?? value('cn'),
    displayName: value('displayName'),
    name: withoutUndefined({ familyName: value('sn'), givenName: value('givenName') }),
    nickname: value('sAMAccountName') ?? value('cn') ?? value('commonName'),
    // An empty list of groups says something: this person is in none.
    groups: Object.hasOwn(raw, 'groups') ? raw.groups : undefined,
    emails: mail === undefined ? undefined : [{ value: mail }],
  });
  for (const name of [...SAME_NAME, ...PASSWORD_WARNINGS]) {
    const attribute = value(name);
    if (attribute !== undefined) profile[name] = attribute;
  }
  return profile;
}

/** @returns undefined for what installed connectors, too, treat as no value; bytes that are not text become text as well as they can */
function present(value: unknown): unknown {
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return undefined;
  if (Array.isArray(value)) return value.map((item: unknown) => (Buffer.isBuffer(item) ? item.toString('utf8') : item));
  return Buffer.isBuffer(value) ? value.toString('utf8') : value;
}

function withoutUndefined(object: Record<string, unknown>): Record<string, unknown> {
  for (const key of Object.keys(object)) if (object[key] === undefined) delete object[key];
  return object;
}

/** The attributes it looks at, by which a directory can be asked for no more than these. */
export const DEFAULT_MAPPER_ATTRIBUTES: readonly string[] = [
  ...['objectGUID', 'uid', 'cn', 'displayName', 'sn', 'givenName', 'mail'],
  ...SAME_NAME.filter((name) => name !== 'dn' && name !== 'organizationUnits'),
];
