/** From a profile to the claims of a token, under the names that installed hubs read. */
import type { Profile } from '@landbridge/protocol';
import { fitsXml } from './xml.ts';

export interface Claim {
  namespace: string;
  name: string;
  /** At least one. */
  values: string[];
}

const IDENTITY = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
const OTHER = 'http://schemas.passportjs.com';
/** These go under names of their own; the rest of a profile goes as it is called. */
const NAMED: ReadonlySet<string> = new Set(['id', 'displayName', 'name', 'emails']);

/**
 * @returns the profile's id, by which applications know the person; undefined where it has none that a token can carry exactly: to
 *   drop a character could make one person's id of another's
 */
export function nameIdentifierOf({ id }: Profile): string | undefined {
  const text = typeof id === 'number' ? String(id) : id;
  return typeof text === 'string' && text.trim() !== '' && fitsXml(text) ? text : undefined;
}

export function claimsOf(profile: Profile): Claim[] {
  const { name, emails, displayName } = profile;
  const parts = isRecord(name) ? name : {};
  const identity = {
    nameidentifier: nameIdentifierOf(profile),
    emailaddress: firstMail(emails),
    name: displayName,
    givenname: parts.givenName,
    surname: parts.familyName,
  };
  return [
    ...Object.entries(identity).map(([key, value]) => ({ namespace: IDENTITY, name: key, values: textsOf(value) })),
    ...Object.entries(profile)
      .filter(([key]) => !NAMED.has(key))
      .map(([key, value]) => ({ namespace: OTHER, name: key, values: textsOf(value) })),
    // SAML has no attribute without a value (saml-core-1.1, section 2.4.4.1).
  ].filter(({ values }) => values.length > 0);
}

function firstMail(emails: unknown): unknown {
  const first: unknown = Array.isArray(emails) ? emails[0] : undefined;
  return isRecord(first) ? first.value : first;
}

function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (value === undefined || value === null || value === '') return [];
  return [typeof value === 'object' ? JSON.stringify(value) : String(value)];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
