/** Finds the groups of one user as a sign-in does, and in a second way, and compares them. */

import { dnKey } from '../../ldap/dn.ts';
import { allTexts } from '../../ldap/entry.ts';
import { parseFilter, withValue } from '../../ldap/filter.ts';
import { createFindUser, isShown, ownAttributes, userAttributes } from '../../users/find.ts';
import { sharedValues } from '../../users/groups/group.ts';
import { createGroupFinder } from '../../users/groups/groups-of.ts';
import { IN_CHAIN_RULE, queriesOf } from '../../users/queries.ts';
import { type Check, type CheckOutcome, fail, pass, skipped, warn } from '../check.ts';
import type { Run } from '../run.ts';
import { silentLog } from '../silent-log.ts';
import type { Searchable } from './directory.ts';

const IN_CHAIN = parseFilter(`(member:${IN_CHAIN_RULE}:={0})`);
const NAMED = 5;

export function userGroupsCheck(run: Run, { needsAny, open }: Searchable): Check {
  return {
    id: 'groups-of-user',
    timeoutMs: run.config.values.GROUPS_TIMEOUT_SECONDS * 2000 + 5000,
    needsAny,
    run: (signal) => (run.userName === undefined ? skipped('no user was named (--user NAME)') : compare(run, run.userName, open, signal)),
  };
}

async function compare({ config }: Run, name: string, open: Searchable['open'], signal: AbortSignal): Promise<CheckOutcome> {
  const { values } = config;
  const directory = await open();
  const queries = queriesOf(directory, values);
  const { log } = silentLog();
  const findUser = createFindUser({
    directory,
    queries,
    userDn: values.LDAP_USER_DN,
    attributes: [...userAttributes(values.LDAP_USER_ATTRIBUTES, undefined), ...ownAttributes(values.LDAP_SUBJECT_ATTRIBUTE)],
    log,
  });
  const user = await findUser({ name, escaped: false }, signal);
  if (user === undefined || !isShown(user))
    return fail(`No user matches ${JSON.stringify(name)}`, 'Check the name, LDAP_USER_BY_NAME and LDAP_BASE.');
  const finder = createGroupFinder({
    directory,
    property: values.GROUP_PROPERTY,
    properties: values.GROUP_PROPERTIES,
    // Both ways must query the directory.
    cacheSeconds: 0,
    staleSeconds: 0,
    timeoutSeconds: values.GROUPS_TIMEOUT_SECONDS,
    derefAliases: values.GROUPS_DEREF_ALIASES,
    onRefreshFailed: () => {},
    log,
    now: () => performance.now(),
  });
  const found = await queries(signal);
  const started = performance.now();
  const walked = await finder.groupsOf(user, found, signal, 'throw');
  const walkMs = Math.round(performance.now() - started);
  const ours = new Map([...(walked?.groups ?? []), ...(walked?.passedThrough ?? [])].map((group) => [dnKey(group.dn), group.dn]));
  const summary = `${user.dn}: ${walked?.groups.length ?? 0} groups as in a sign-in, in ${walkMs} ms`;

  const shared = sharedValues(walked?.groups ?? []);
  if (shared.length > 0) {
    return warn(
      `${summary}; different groups have the same name: ${list(shared)}`,
      'Applications cannot tell them apart. Rename one, or set GROUP_PROPERTY to dn or objectGUID.',
    );
  }

  const { kind } = await directory.rootDse(signal);
  if (kind !== 'active-directory') {
    const named = allTexts(user, 'memberOf');
    const missing = named.filter((dn) => !ours.has(dnKey(dn)));
    if (named.length === 0) return pass(`${summary}; there is no memberOf to compare with`);
    return missing.length === 0
      ? pass(`${summary}; all ${named.length} in memberOf are among them`)
      : warn(
          `${summary}; memberOf also has ${list(missing)}`,
          'Check LDAP_BASE_GROUPS, and whether the service account may read these groups.',
        );
  }
  const inChainStarted = performance.now();
  const searchBase = (await directory.rootDse(signal)).defaultSearchBase ?? found.searchBase;
  const request = { searchBase, scope: 'sub' as const, filter: withValue(IN_CHAIN, user.dn), attributes: ['1.1'], pageSize: 500 };
  const { entries } = await directory.search(request, { signal, timeoutMs: values.GROUPS_TIMEOUT_SECONDS * 1000 });
  const both = `${summary}; ${entries.length} by the in-chain rule, in ${Math.round(performance.now() - inChainStarted)} ms`;
  const missing = entries.map(({ dn }) => dn).filter((dn) => !ours.has(dnKey(dn)));
  if (missing.length === 0) return pass(both);
  return warn(
    `${both}. The sign-in misses ${list(missing)}`,
    'Check LDAP_SEARCH_GROUPS and LDAP_BASE_GROUPS, and whether the service account may read memberOf of each group on the way.',
  );
}

function list(dns: readonly string[]): string {
  return `${dns.slice(0, NAMED).join('; ')}${dns.length > NAMED ? ` and ${dns.length - NAMED} more` : ''}`;
}
