/** Profiles as claims and back, under the names that Auth0 and replaced connectors use. */
import type { Profile } from '@landbridge/protocol';
import { IDENTITY_CLAIMS, OTHER_CLAIMS, SUBJECT_CLAIMS } from './names.ts';
import { fitsXml } from './xml-text.ts';

export interface Claim {
  namespace: string;
  name: string;
  /** At least one: SAML has no attribute without a value (saml-core-1.1, section 2.4.4.1). */
  values: string[];
}

export interface ReceivedClaim {
  /** Namespace and name: issuers split a name with slashes at different places. */
  uri: string;
  values: string[];
}

/** Profile keys with an identity claim; all others keep their name. */
const IDENTITY_KEYS: ReadonlySet<string> = new Set(['id', 'displayName', 'name', 'emails']);
/** A claim with one value does not tell whether it was a list. */
const LISTS: ReadonlySet<string> = new Set(['groups']);

/**
 * @returns the profile's id; undefined if it has none that a token can carry exactly: replacing a character could turn one user's id into
 *   another's
 */
export function nameIdentifierOf({ id }: Profile): string | undefined {
  const text = typeof id === 'number' ? String(id) : id;
  return typeof text === 'string' && text.trim() !== '' && fitsXml(text) ? text : undefined;
}

/** @param subject the user's immutable id, for our hub */
export function claimsFromProfile(profile: Profile, subject?: string): Claim[] {
  const { name, emails, displayName } = profile;
  const parts = isRecord(name) ? name : {};
  const identity = {
    nameidentifier: nameIdentifierOf(profile),
    emailaddress: firstMail(emails),
    name: displayName,
    givenname: parts.givenName,
    surname: parts.familyName,
  };
  const others = Object.entries(profile).filter(([key]) => !IDENTITY_KEYS.has(key));
  return [
    ...Object.entries(identity).map(([key, value]) => ({ namespace: IDENTITY_CLAIMS, name: key, values: textsOf(value) })),
    { namespace: SUBJECT_CLAIMS, name: 'subject', values: textsOf(subject) },
    ...others.map(([key, value]) => ({ namespace: OTHER_CLAIMS, name: key, values: textsOf(value) })),
  ].filter(({ values }) => values.length > 0);
}

/**
 * @param id the subject of the assertion
 * @returns the profile; undefined if the claims name another user than the subject
 */
export function profileFromClaims(id: string, claims: readonly ReceivedClaim[]): Profile | undefined {
  const first = (name: string) => claims.find(({ uri }) => uri === `${IDENTITY_CLAIMS}/${name}`)?.values[0];
  if ((first('nameidentifier') ?? id) !== id) return undefined;
  const others = claims.flatMap(({ uri, values }) => {
    const key = uri.startsWith(`${OTHER_CLAIMS}/`) ? uri.slice(OTHER_CLAIMS.length + 1) : '';
    return key === '' || values.length === 0 ? [] : [[key, values.length === 1 && !LISTS.has(key) ? values[0] : values] as const];
  });
  const [email, givenName, familyName] = [first('emailaddress'), first('givenname'), first('surname')];
  return {
    ...Object.fromEntries(others),
    id,
    displayName: first('name'),
    ...(givenName === undefined && familyName === undefined ? {} : { name: { givenName, familyName } }),
    ...(email === undefined ? {} : { emails: [{ value: email }] }),
  };
}

/** @returns the immutable id; `none` for connectors that send none, undefined if the claim is ambiguous */
export function subjectFromClaims(claims: readonly ReceivedClaim[]): { subject: string | undefined } | undefined {
  const [first, ...others] = claims
    .filter(({ uri }) => uri === `${SUBJECT_CLAIMS}/subject`)
    .flatMap(({ values }) => (values.length === 0 ? [''] : values));
  return others.length > 0 || first === '' ? undefined : { subject: first };
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
