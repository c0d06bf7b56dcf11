/** From an entry to a profile: the groups, the organizational units, then the mapper. */
import type { LDAP_STATUS, Profile } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import { organizationalUnits } from '../ldap/dn.ts';
import { type Entry, rawEntry } from '../ldap/entry.ts';
import { groupValues } from './groups/group.ts';
import type { FoundGroups, GroupFinder } from './groups/groups-of.ts';
import type { ProfileMapper } from './mapper/profile-mapper.ts';
import type { Queries } from './queries.ts';
import { timed } from './steps.ts';
import type { RequestContext, UsersSettings } from './users.ts';

type LdapStatus = (typeof LDAP_STATUS)[number];

export interface Enrich {
  /** With groups, where they are on; a lookup that fails leaves them out and is logged. @throws what the mapper throws */
  full(
    entry: Entry,
    ldapStatus: LdapStatus,
    context: RequestContext,
  ): Promise<{ profile: Profile; raw: Record<string, unknown>; groups: FoundGroups | undefined }>;
  /** Without groups, for people who are refused and for lists. @throws what the mapper throws */
  brief(entry: Entry, ldapStatus: LdapStatus): Promise<Profile>;
}

export function createEnrich(options: {
  mapper: ProfileMapper;
  groupFinder: GroupFinder;
  queries: (signal?: AbortSignal) => Promise<Queries>;
  settings: UsersSettings;
  log: Log;
}): Enrich {
  const { mapper, settings, log } = options;

  function raw(entry: Entry, ldapStatus: LdapStatus): Record<string, unknown> {
    const organizationUnits = settings.ORGANIZATION_UNITS_AS_DN ? entry.dn : organizationalUnits(entry.dn);
    return Object.assign(rawEntry(entry), { organizationUnits, ldapStatus });
  }

  async function groupsOf(entry: Entry, context: RequestContext): Promise<FoundGroups | undefined> {
    if (!settings.GROUPS) return undefined;
    try {
      return await options.groupFinder.groupsOf(entry, await options.queries(context.signal), context.signal);
    } catch (error) {
      log.warn({ err: error, pid: context.correlationId, dn: entry.dn }, 'The groups could not be read; the profile goes without them');
      return undefined;
    }
  }

  return {
    async full(entry, ldapStatus, context) {
      const groups = await timed(context, 'groups', groupsOf(entry, context), groupsOutcome);
      const input = raw(entry, ldapStatus);
      if (groups !== undefined) input.groups = groupValues(groups.groups.map(({ group }) => group));
      const profile = await timed(context, 'map', mapper.map(input), () => 'mapped');
      return { profile, raw: input, groups };
    },
    brief: (entry, ldapStatus) => mapper.map(raw(entry, ldapStatus)),
  };
}

function groupsOutcome(found: FoundGroups | undefined): string {
  if (found === undefined) return 'none';
  return `${found.groups.length} ${found.fromCache ? '(cached)' : '(searched)'}`;
}
