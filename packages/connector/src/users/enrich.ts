/** From an entry to a profile: the groups, the organizational units, then the mapper. */
import type { LDAP_STATUS, Profile } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import { organizationalUnits } from '../ldap/dn.ts';
import { type Entry, rawEntry } from '../ldap/entry.ts';
import { groupValues } from './groups/group.ts';
import type { FoundGroups, GroupFinder } from './groups/groups-of.ts';
import type { ProfileMapper } from './mapper/profile-mapper.ts';
import type { PasswordWarning } from './password/password-warning.ts';
import type { Queries } from './queries.ts';
import { timed } from './steps.ts';
import type { RequestContext, UsersSettings } from './users.ts';

export type LdapStatus = (typeof LDAP_STATUS)[number];

export interface Enrich {
  /**
   * With groups, where they are on. Where they cannot be read it is logged, and GROUPS_ON_FAILURE decides.
   *
   * @throws what the mapper throws; with GROUPS_ON_FAILURE=fail why the groups could not be read
   */
  full(
    entry: Entry,
    ldapStatus: LdapStatus,
    context: RequestContext,
    warning?: PasswordWarning,
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
  let saidIdMissing = false;

  function raw(entry: Entry, ldapStatus: LdapStatus): Record<string, unknown> {
    const organizationUnits = settings.ORGANIZATION_UNITS_AS_DN ? entry.dn : organizationalUnits(entry.dn);
    return Object.assign(rawEntry(entry), { organizationUnits, ldapStatus });
  }

  async function groupsOf(entry: Entry, context: RequestContext): Promise<FoundGroups | undefined> {
    if (!settings.GROUPS) return undefined;
    const onFailure = settings.GROUPS_ON_FAILURE === 'stale' ? 'stale' : 'throw';
    try {
      return await options.groupFinder.groupsOf(entry, await options.queries(context.signal), context.signal, onFailure);
    } catch (error) {
      if (settings.GROUPS_ON_FAILURE === 'fail') throw error;
      log.warn({ err: error, pid: context.correlationId, dn: entry.dn }, 'The groups could not be read; the profile goes without them');
      return undefined;
    }
  }

  return {
    async full(entry, ldapStatus, context, warning = {}) {
      const groups = await timed(context, 'groups', groupsOf(entry, context), groupsOutcome);
      const input = Object.assign(raw(entry, ldapStatus), warning);
      if (groups !== undefined) input.groups = groupValues(groups.groups);
      const profile = await timed(context, 'map', mapper.map(input), () => 'mapped');
      if (profile.id === undefined && !saidIdMissing) {
        saidIdMissing = true;
        log.warn(
          { pid: context.correlationId, dn: entry.dn },
          'A profile has no id, by which applications know people: the directory must show objectGUID, uid or cn, or the mapper must set one',
        );
      }
      return { profile, raw: input, groups };
    },
    brief: (entry, ldapStatus) => mapper.map(raw(entry, ldapStatus)),
  };
}

function groupsOutcome(found: FoundGroups | undefined): string {
  if (found === undefined) return 'none';
  return `${found.groups.length} (${found.from})`;
}
