/** What the service account may see and do: people, groups, `tokenGroups`, and resetting passwords, all without trying. */
import {
  ATTRIBUTE_LOCKOUT_TIME,
  ATTRIBUTE_PWD_LAST_SET,
  mayUse,
  mayWrite,
  RESET_PASSWORD,
  readAccessList,
} from '../../ldap/active-directory/access-list.ts';
import { sidText } from '../../ldap/active-directory/object-sid.ts';
import type { Directory } from '../../ldap/directory.ts';
import type { Entry } from '../../ldap/entry.ts';
import { LdapError, RESULT } from '../../ldap/errors.ts';
import { parseFilter, withValue } from '../../ldap/filter.ts';
import type { SearchRequest } from '../../ldap/messages.ts';
import { queriesOf } from '../../users/queries.ts';
import { type Check, type CheckOutcome, fail, pass, skipped, warn } from '../check.ts';
import type { Run } from '../run.ts';
import type { Searchable } from './directory.ts';

/** So many people are looked at. */
const SAMPLE = 20;
const PRESENT = withValue(parseFilter('(objectClass=*)'), '');
const BY_LOGIN = parseFilter('(|(userPrincipalName={0})(sAMAccountName={0}))');
/** Everyone and Authenticated Users: in each account's token beside its groups (MS-DTYP, section 2.4.2.4). */
const EVERYBODY = ['S-1-1-0', 'S-1-5-11'];

export function rightsChecks(run: Run, { needsAny, open }: Searchable): Check[] {
  const { values } = run.config;
  let people: Entry[] = [];
  const queries = async (directory: Directory, signal: AbortSignal) => await queriesOf(directory, values)(signal);

  const seesPeople: Check = {
    id: 'rights-people',
    needsAny,
    async run(signal) {
      const directory = await open();
      const { searchBase, allUsers } = await queries(directory, signal);
      const filter = withValue(allUsers, '');
      people = (
        await directory.search(
          { searchBase, scope: 'sub', filter, attributes: ['memberOf', 'objectSid', 'primaryGroupID'], sizeLimit: SAMPLE },
          { signal },
        )
      ).entries;
      if (people.length === 0)
        return fail(
          `No person is shown below ${searchBase}`,
          'Give the service account the right to read people, or correct LDAP_BASE or LDAP_SEARCH_ALL_QUERY.',
        );
      const withGroups = people.filter(({ attributes }) => [...attributes.keys()].some((name) => name.startsWith('memberof'))).length;
      const found = `People are shown below ${searchBase}; memberOf of ${withGroups} of the first ${people.length}`;
      if (withGroups > 0 || !values.GROUPS) return pass(found);
      const { kind } = await directory.rootDse(signal);
      // Other directories need not have it: their groups name their members.
      if (kind !== 'active-directory') return pass(`${found}, which this directory need not have`);
      return warn(found, 'If these people are in groups, give the service account the right to read memberOf.');
    },
  };
  const seesGroups: Check = {
    id: 'rights-groups',
    needsAny,
    async run(signal) {
      if (!values.GROUPS) return skipped('GROUPS is off');
      const directory = await open();
      const { groupsSearchBase, listGroups } = await queries(directory, signal);
      const { entries } = await directory.search(
        { searchBase: groupsSearchBase, scope: 'sub', filter: withValue(listGroups, ''), attributes: ['cn'], sizeLimit: 1 },
        { signal },
      );
      if (entries.length > 0) return pass(`Groups are shown below ${groupsSearchBase}`);
      return fail(
        `No group is shown below ${groupsSearchBase}`,
        'Give the service account the right to read groups, or correct LDAP_BASE_GROUPS.',
      );
    },
  };
  const tokenGroups: Check = {
    id: 'rights-token-groups',
    needs: [seesPeople],
    async run(signal) {
      const directory = await open();
      if ((await directory.rootDse(signal)).kind !== 'active-directory') return skipped('only Active Directory has tokenGroups');
      const [person] = people;
      if (person === undefined) return skipped('nobody is shown');
      const entry = await readEntry(directory, { searchBase: person.dn, attributes: ['tokenGroups'] }, signal);
      const count = entry?.attributes.get('tokengroups')?.values.length ?? 0;
      if (count > 0) return pass(`tokenGroups of ${person.dn} is shown: ${count} groups`);
      return warn(
        `tokenGroups of ${person.dn} is not shown. Sign-ins do not need it`,
        'To allow it, put the service account into "Windows Authorization Access Group".',
      );
    },
  };
  const reset: Check = {
    id: 'rights-reset',
    needs: [seesPeople],
    async run(signal) {
      if (!values.ENABLE_WRITE_BACK) return skipped('ENABLE_WRITE_BACK is off');
      const directory = await open();
      const { kind } = await directory.rootDse(signal);
      if (kind !== 'active-directory') return skipped('not known: this directory does not tell who may set passwords');
      return await mayReset(run, directory, people, signal);
    },
  };
  return [seesPeople, seesGroups, tokenGroups, reset];
}

/** People differ: administrators' accounts are protected (AdminSDHolder), so several are looked at. */
async function mayReset({ config }: Run, directory: Directory, people: readonly Entry[], signal: AbortSignal): Promise<CheckOutcome> {
  const sids = await sidsOfAccount(directory, config.values.LDAP_BIND_USER ?? '', signal);
  if (sids === undefined)
    return warn(
      'Not known: the entry of the service account, or its groups, are not shown to it',
      'Give LDAP_BIND_USER as a DN, to see more.',
    );
  const refused: string[] = [];
  const noUnlock: string[] = [];
  let known = 0;
  for (const { dn } of people) {
    const entry = await readEntry(directory, { searchBase: dn, attributes: ['nTSecurityDescriptor'], accessListOnly: true }, signal);
    const descriptor = entry?.attributes.get('ntsecuritydescriptor')?.values[0];
    const list = descriptor && readAccessList(descriptor);
    if (list === undefined) continue;
    known++;
    const mustChange = config.values.MUST_CHANGE_PASSWORD_AFTER_RESET && !mayWrite(ATTRIBUTE_PWD_LAST_SET, list, sids);
    if (!mayUse(RESET_PASSWORD, list, sids) || mustChange) refused.push(dn);
    else if (config.values.AUTO_UNLOCK_ON_PASSWORD_CHANGE && !mayWrite(ATTRIBUTE_LOCKOUT_TIME, list, sids)) noUnlock.push(dn);
  }
  if (known === 0) return warn('Not known: the rights of people are not shown to the service account');
  const unlock = noUnlock.length > 0 ? `; of ${noUnlock.length} it may not unlock the account` : '';
  if (refused.length === known)
    return fail(
      `The service account may reset the password of none of ${known} people`,
      'Delegate "Reset password" (and writing pwdLastSet, lockoutTime) for the people to it.',
    );
  const found = `The service account may reset the passwords of ${known - refused.length} of ${known} people${unlock}`;
  return refused.length + noUnlock.length > 0
    ? warn(
        `${found}; not of ${refused.slice(0, 3).join(', ') || 'nobody'}`,
        'Accounts of administrators are protected, which is well so. For others, delegate the right.',
      )
    : pass(found);
}

/** @returns what is in the account's token: itself, its groups, and everybody */
async function sidsOfAccount(directory: Directory, name: string, signal: AbortSignal): Promise<Set<string> | undefined> {
  const entry = name.includes('=')
    ? await readEntry(directory, { searchBase: name, attributes: ['objectSid', 'tokenGroups'] }, signal)
    : await accountNamed(directory, name, signal);
  const values = [...(entry?.attributes.get('objectsid')?.values ?? []), ...(entry?.attributes.get('tokengroups')?.values ?? [])];
  return values.length < 2 ? undefined : new Set([...values.map(sidText), ...EVERYBODY]);
}

async function accountNamed(directory: Directory, name: string, signal: AbortSignal): Promise<Entry | undefined> {
  const { defaultSearchBase } = await directory.rootDse(signal);
  if (defaultSearchBase === undefined) return undefined;
  const filter = withValue(BY_LOGIN, name.replace(/^.*\\/, ''));
  const [found] = (
    await directory.search({ searchBase: defaultSearchBase, scope: 'sub', filter, attributes: ['1.1'], sizeLimit: 1 }, { signal })
  ).entries;
  // tokenGroups is given in a search of the entry itself only (MS-ADTS, section 3.1.1.4.5.19).
  return found && (await readEntry(directory, { searchBase: found.dn, attributes: ['objectSid', 'tokenGroups'] }, signal));
}

type EntryRequest = Pick<SearchRequest, 'searchBase' | 'attributes' | 'accessListOnly'>;

/** @returns undefined where it is not shown */
async function readEntry(directory: Directory, request: EntryRequest, signal: AbortSignal): Promise<Entry | undefined> {
  try {
    return (await directory.search({ ...request, scope: 'base', filter: PRESENT }, { signal })).entries[0];
  } catch (error) {
    if (error instanceof LdapError && (error.resultCode === RESULT.noSuchObject || error.resultCode === RESULT.insufficientAccessRights))
      return undefined;
    throw error;
  }
}
