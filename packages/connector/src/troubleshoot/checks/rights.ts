/** What the service account may do: read users, groups and `tokenGroups`, and reset passwords. No password is set. */
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
import { ANY_ENTRY, parseFilter, withValue } from '../../ldap/filter.ts';
import type { SearchRequest } from '../../ldap/messages.ts';
import { queriesOf } from '../../users/queries.ts';
import { type Check, type CheckOutcome, fail, pass, skipped, warn } from '../check.ts';
import type { Run } from '../run.ts';
import type { Searchable } from './directory.ts';

/** Users to check. */
const SAMPLE = 20;
const BY_LOGIN = parseFilter('(|(userPrincipalName={0})(sAMAccountName={0}))');
/** Everyone and Authenticated Users, which are in every account's token (MS-DTYP, section 2.4.2.4). */
const EVERYONE = ['S-1-1-0', 'S-1-5-11'];

export function rightsChecks(run: Run, { needsAny, open }: Searchable): Check[] {
  const { values } = run.config;
  let users: Entry[] = [];
  const queries = async (directory: Directory, signal: AbortSignal) => await queriesOf(directory, values)(signal);

  const readsUsers: Check = {
    id: 'rights-users',
    needsAny,
    async run(signal) {
      const directory = await open();
      const { searchBase, allUsers } = await queries(directory, signal);
      const filter = withValue(allUsers.filter, '');
      users = (
        await directory.search(
          { searchBase, scope: 'sub', filter, attributes: ['memberOf', 'objectSid', 'primaryGroupID'], sizeLimit: SAMPLE },
          { signal },
        )
      ).entries;
      if (users.length === 0)
        return fail(
          `No user can be read below ${searchBase}`,
          'Give the service account permission to read users, or correct LDAP_BASE or LDAP_SEARCH_ALL_QUERY.',
        );
      const withGroups = users.filter(({ attributes }) => [...attributes.keys()].some((name) => name.startsWith('memberof'))).length;
      const found = `Users below ${searchBase} can be read; memberOf of ${withGroups} of the first ${users.length}`;
      if (withGroups > 0 || !values.GROUPS) return pass(found);
      const { kind } = await directory.rootDse(signal);
      // In other directories it is optional: groups name their members.
      if (kind !== 'active-directory') return pass(`${found}, which is optional in this directory`);
      return warn(found, 'If these users are in groups, give the service account permission to read memberOf.');
    },
  };
  const readsGroups: Check = {
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
      if (entries.length > 0) return pass(`Groups below ${groupsSearchBase} can be read`);
      return fail(
        `No group can be read below ${groupsSearchBase}`,
        'Give the service account permission to read groups, or correct LDAP_BASE_GROUPS.',
      );
    },
  };
  const tokenGroups: Check = {
    id: 'rights-token-groups',
    needs: [readsUsers],
    async run(signal) {
      const directory = await open();
      if ((await directory.rootDse(signal)).kind !== 'active-directory') return skipped('only Active Directory has tokenGroups');
      const [user] = users;
      if (user === undefined) return skipped('no user can be read');
      const entry = await readEntry(directory, { searchBase: user.dn, attributes: ['tokenGroups'] }, signal);
      const count = entry?.attributes.get('tokengroups')?.values.length ?? 0;
      if (count > 0) return pass(`tokenGroups of ${user.dn} can be read: ${count} groups`);
      return warn(
        `tokenGroups of ${user.dn} cannot be read. Sign-ins do not need it`,
        'To allow it, add the service account to "Windows Authorization Access Group".',
      );
    },
  };
  const reset: Check = {
    id: 'rights-reset',
    needs: [readsUsers],
    async run(signal) {
      if (!values.ENABLE_WRITE_BACK) return skipped('ENABLE_WRITE_BACK is off');
      const directory = await open();
      const { kind } = await directory.rootDse(signal);
      if (kind !== 'active-directory') return skipped('unknown: this directory does not show who may set passwords');
      return await mayReset(run, directory, users, signal);
    },
  };
  return [readsUsers, readsGroups, tokenGroups, reset];
}

/** Several users, because administrators' accounts are protected (AdminSDHolder). */
async function mayReset({ config }: Run, directory: Directory, users: readonly Entry[], signal: AbortSignal): Promise<CheckOutcome> {
  const sids = await sidsOfAccount(directory, config.values.LDAP_BIND_USER ?? '', signal);
  if (sids === undefined) return warn('Unknown: the service account cannot read its own entry or groups', 'Set LDAP_BIND_USER to a DN.');
  const refused: string[] = [];
  const noUnlock: string[] = [];
  let known = 0;
  for (const { dn } of users) {
    const entry = await readEntry(directory, { searchBase: dn, attributes: ['nTSecurityDescriptor'], accessListOnly: true }, signal);
    const descriptor = entry?.attributes.get('ntsecuritydescriptor')?.values[0];
    const list = descriptor && readAccessList(descriptor);
    if (list === undefined) continue;
    known++;
    const mustChange = config.values.MUST_CHANGE_PASSWORD_AFTER_RESET && !mayWrite(ATTRIBUTE_PWD_LAST_SET, list, sids);
    if (!mayUse(RESET_PASSWORD, list, sids) || mustChange) refused.push(dn);
    else if (config.values.AUTO_UNLOCK_ON_PASSWORD_CHANGE && !mayWrite(ATTRIBUTE_LOCKOUT_TIME, list, sids)) noUnlock.push(dn);
  }
  if (known === 0) return warn('Unknown: the service account cannot read the users’ security descriptors');
  const unlock = noUnlock.length > 0 ? `; it may not unlock ${noUnlock.length} of them` : '';
  if (refused.length === known)
    return fail(
      `The service account may not reset the password of any of ${known} users`,
      'Delegate "Reset password" (and writing pwdLastSet, lockoutTime) for the users to it.',
    );
  const found = `The service account may reset the passwords of ${known - refused.length} of ${known} users${unlock}`;
  return refused.length + noUnlock.length > 0
    ? warn(
        `${found}${refused.length > 0 ? `; not of ${refused.slice(0, 3).join(', ')}` : ''}`,
        'Administrators’ accounts are protected on purpose. For others, delegate the right.',
      )
    : pass(found);
}

/** @returns the SIDs in the account's token: its own, its groups', and the well-known ones */
async function sidsOfAccount(directory: Directory, name: string, signal: AbortSignal): Promise<Set<string> | undefined> {
  const entry = name.includes('=')
    ? await readEntry(directory, { searchBase: name, attributes: ['objectSid', 'tokenGroups'] }, signal)
    : await accountNamed(directory, name, signal);
  const values = [...(entry?.attributes.get('objectsid')?.values ?? []), ...(entry?.attributes.get('tokengroups')?.values ?? [])];
  return values.length < 2 ? undefined : new Set([...values.map(sidText), ...EVERYONE]);
}

async function accountNamed(directory: Directory, name: string, signal: AbortSignal): Promise<Entry | undefined> {
  const { defaultSearchBase } = await directory.rootDse(signal);
  if (defaultSearchBase === undefined) return undefined;
  const filter = withValue(BY_LOGIN, name.replace(/^.*\\/, ''));
  const [found] = (
    await directory.search({ searchBase: defaultSearchBase, scope: 'sub', filter, attributes: ['1.1'], sizeLimit: 1 }, { signal })
  ).entries;
  // tokenGroups is returned only by a base search (MS-ADTS, section 3.1.1.4.5.19).
  return found && (await readEntry(directory, { searchBase: found.dn, attributes: ['objectSid', 'tokenGroups'] }, signal));
}

type EntryRequest = Pick<SearchRequest, 'searchBase' | 'attributes' | 'accessListOnly'>;

/** @returns undefined if it cannot be read */
async function readEntry(directory: Directory, request: EntryRequest, signal: AbortSignal): Promise<Entry | undefined> {
  try {
    return (await directory.search({ ...request, scope: 'base', filter: ANY_ENTRY }, { signal })).entries[0];
  } catch (error) {
    if (error instanceof LdapError && (error.resultCode === RESULT.noSuchObject || error.resultCode === RESULT.insufficientAccessRights))
      return undefined;
    throw error;
  }
}
