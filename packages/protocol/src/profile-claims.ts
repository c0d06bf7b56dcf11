/**
 * Derives a user's OpenID Connect claims (OpenID Connect Core 1.0, section 5.1) from a profile. Profiles come from any mapper of any
 * connector, so each claim is looked for in several places: those of the default mapper, of Auth0's normalised user profile, of Portable Contacts, and the
 * claim's own name. A wrong type is never an error: the value is dropped, and the result reports it.
 */
import type { Profile } from './answers.ts';

/** Longer values are dropped, because tokens travel in HTTP headers. No real name of a user or group is this long. */
const MAX_TEXT_LENGTH = 1000;
const MAX_GROUPS = 10_000;
/** Limits the reports: a mapper may get thousands of values wrong. */
const MAX_DROPPED = 20;

/** In order of precedence. A dot leads into an object. */
const PLACES = {
  name: ['name', 'displayName', 'name.formatted'],
  given_name: ['given_name', 'givenName', 'name.givenName'],
  family_name: ['family_name', 'familyName', 'name.familyName'],
  middle_name: ['middle_name', 'name.middleName'],
  nickname: ['nickname'],
  // Only account names. In many directories, "nickname" is the common name.
  preferred_username: ['preferred_username', 'username', 'sAMAccountName', 'uid', 'userPrincipalName'],
  email: ['email', 'emails', 'mail'],
  picture: ['picture', 'photos'],
  locale: ['locale'],
  zoneinfo: ['zoneinfo'],
} as const;
type TextClaim = keyof typeof PLACES;

/** Objects that contain other claims. They are skipped without a report when a text is expected. */
const CONTAINERS: ReadonlySet<string> = new Set(['name']);

export interface ProfileClaims {
  claims: { [Name in TextClaim]?: string | undefined } & { groups?: string[] };
  /** A sentence for each value that did not become a claim. It omits the value, which may be personal. */
  dropped: string[];
}

/**
 * @param loginName the user name as typed, for profiles without an account name
 * @param accepts whether an e-mail address may be used, in `email` and in names that look like addresses
 */
export function claimsOfProfile(
  profile: Profile,
  loginName: string | undefined,
  accepts: (address: string) => boolean = () => true,
): ProfileClaims {
  const dropped = new Set<string>();
  const drop = (place: string, reason: string) => {
    if (dropped.size < MAX_DROPPED) dropped.add(`${place}: ${reason}`);
  };
  const any = () => true;
  const first = (claim: TextClaim, isAllowed: (text: string) => boolean = any) => {
    for (const place of PLACES[claim]) {
      const text = textsIn(valueAt(profile, place), place, drop).find(isAllowed);
      if (text !== undefined) return text;
    }
    return undefined;
  };
  const given_name = first('given_name');
  const family_name = first('family_name');
  const typed = loginName !== undefined && isUsable(loginName) && accepts(loginName) ? loginName : undefined;
  const preferred_username = first('preferred_username', accepts) ?? typed;
  const bothNames = [given_name, family_name].filter((part) => part !== undefined).join(' ');
  const groups = valueAt(profile, 'groups');
  return {
    claims: {
      name: first('name') ?? (bothNames || preferred_username),
      given_name,
      family_name,
      middle_name: first('middle_name'),
      nickname: first('nickname', accepts),
      preferred_username,
      email: first('email', (text) => isAddress(text, drop) && accepts(text)),
      picture: first('picture', (text) => isPicture(text, drop)),
      locale: first('locale'),
      zoneinfo: first('zoneinfo'),
      ...(groups === undefined || groups === null ? {} : { groups: groupNames(groups, drop) }),
    },
    dropped: [...dropped],
  };
}

/** The name by which operators can find the user in the directory. */
export function accountNameOf(profile: Profile): string | undefined {
  return PLACES.preferred_username.flatMap((place) => textsIn(valueAt(profile, place), place, () => {}))[0];
}

type Drop = (place: string, reason: string) => void;

function valueAt(profile: Profile, place: string): unknown {
  return place.split('.').reduce<unknown>((value, key) => own(value, key), profile);
}

/** Reads own properties only: a profile has no `constructor`, whatever its prototype says. */
function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

/** @returns the texts in a value: all texts of a list, and `value` of an object. Numbers become text. */
function* textsOf(value: unknown, place: string, drop: Drop): Generator<string> {
  if (value === undefined || value === null || value === '') return;
  if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value);
    if (isUsable(text)) yield text;
    else if (text.length > MAX_TEXT_LENGTH) drop(place, `a text of ${text.length} characters is longer than ${MAX_TEXT_LENGTH}`);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (Array.isArray(item)) drop(`${place}[${index}]`, 'a nested list is not a text');
      else yield* textsOf(item, `${place}[${index}]`, drop);
    }
  } else if (typeof value === 'object' && Object.hasOwn(value, 'value')) {
    const inner = own(value, 'value');
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) drop(`${place}.value`, 'an object is not a text');
    else yield* textsOf(inner, `${place}.value`, drop);
  } else if (typeof value !== 'object' || !(CONTAINERS.has(place) || Object.keys(value).length === 0)) {
    drop(place, `${typeof value === 'object' ? 'an object' : `a ${typeof value}`} is not a text`);
  }
}

function textsIn(value: unknown, place: string, drop: Drop): string[] {
  return [...textsOf(value, place, drop)];
}

function isUsable(text: string): boolean {
  return text.trim() !== '' && text.length <= MAX_TEXT_LENGTH;
}

function isAddress(text: string, drop: Drop): boolean {
  const isOne = /^[^@\s].*@[^@\s]+$/s.test(text);
  if (!isOne) drop('email', 'not an e-mail address');
  return isOne;
}

/** Must be a web address, because applications put it into their pages. */
function isPicture(text: string, drop: Drop): boolean {
  const isUrl = URL.canParse(text) && ['https:', 'http:'].includes(new URL(text).protocol);
  if (!isUrl) drop('picture', 'not the URL of a picture');
  return isUrl;
}

/** Connectors may return groups as objects with selected attributes. */
function groupNames(groups: unknown, drop: Drop): string[] {
  const list: unknown[] = Array.isArray(groups) ? groups : [groups];
  if (list.length > MAX_GROUPS) drop('groups', `${list.length - MAX_GROUPS} of ${list.length} groups exceed the limit of ${MAX_GROUPS}`);
  return list.slice(0, MAX_GROUPS).flatMap((group, index) => {
    const place = `groups[${index}]`;
    if (typeof group !== 'object' || group === null) return textsIn(group, place, drop).slice(0, 1);
    const [name] = ['cn', 'name', 'dn'].flatMap((key) => textsIn(own(group, key), `${place}.${key}`, drop));
    if (name === undefined) drop(place, 'an object without "cn", "name" or "dn" is not the name of a group');
    return name === undefined ? [] : [name];
  });
}
