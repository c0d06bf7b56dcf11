/** From the claims of an assertion to a profile as the socket brings it, so that applications are told the same whichever way it came. */
import type { Profile } from '@landbridge/protocol';
import { readProfileAnswer } from '../requests/answers.ts';
import { refused } from './signature.ts';

const IDENTITY = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
/** Every other key of a profile stands below this. */
const OTHER = 'http://schemas.passportjs.com/';
/** Of a list with one entry, the assertion does not tell that it is one. */
const LISTS = ['groups'];

/**
 * @param id the subject of the assertion
 * @throws CodedError ASSERTION_REFUSED where a claim names another person than the subject
 */
export function profileOf(id: string, attributes: readonly { claim: string; values: string[] }[]): Profile {
  const first = (name: string) => attributes.find(({ claim }) => claim === `${IDENTITY}/${name}`)?.values[0];
  if ((first('nameidentifier') ?? id) !== id) throw refused('it names two persons');
  const others = attributes.flatMap(({ claim, values }) => {
    const key = claim.startsWith(OTHER) ? claim.slice(OTHER.length) : '';
    return key === '' || values.length === 0 ? [] : [[key, values.length === 1 && !LISTS.includes(key) ? values[0] : values] as const];
  });
  const [email, givenName, familyName] = [first('emailaddress'), first('givenname'), first('surname')];
  const profile = {
    ...Object.fromEntries(others),
    id,
    displayName: first('name'),
    ...(givenName === undefined && familyName === undefined ? {} : { name: { givenName, familyName } }),
    ...(email === undefined ? {} : { emails: [{ value: email }] }),
  };
  const read = readProfileAnswer({ profile });
  if (read.profile === undefined || 'error' in read) throw refused('its claims make no profile');
  return read.profile;
}

/** By which operators find a person again: what the directory calls the account. */
export function accountNameOf({ sAMAccountName, userPrincipalName, id }: Profile): string {
  const names = [sAMAccountName, userPrincipalName, id];
  return names.find((name) => typeof name === 'string' && name !== '')?.toString() ?? '';
}
