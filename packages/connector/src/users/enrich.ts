/** From an entry to a profile: groups, organizational units, then the mapper. */
import {
  type Failure,
  type KnownUser,
  type LdapStatus,
  namedFailure,
  type Profile,
  timed,
  WIRE_ERRORS,
  type WireErrorName,
} from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import type { ConnectorSettings } from '../config/settings.ts';
import { organizationalUnits } from '../ldap/dn.ts';
import { type Attribute, type Entry, rawEntry } from '../ldap/entry.ts';
import { accountNameIn } from './account-name.ts';
import type { RequestContext } from './context.ts';
import { hiddenAttributes, isShown, ownAttributes } from './find.ts';
import { groupValues } from './groups/group.ts';
import type { FoundGroups, GroupFinder } from './groups/groups-of.ts';
import type { ProfileMapper } from './mapper/profile-mapper.ts';
import { mapperSpelling } from './mapper-attributes.ts';
import type { PasswordWarning } from './password/password-warning.ts';
import type { Queries } from './queries.ts';
import { subjectOf } from './subject.ts';

export interface Enrich {
  /**
   * With groups if GROUPS is on. If they cannot be read, it is logged and GROUPS_ON_FAILURE decides.
   *
   * @throws what the mapper throws; with GROUPS_ON_FAILURE=fail also why the groups could not be read
   */
  full(
    entry: Entry,
    ldapStatus: LdapStatus,
    context: RequestContext,
    warning?: PasswordWarning,
  ): Promise<KnownUser & { raw: Record<string, unknown>; groups: FoundGroups | undefined }>;
  /** The user's immutable id; undefined if the entry does not show exactly one. @throws LdapError if the kind of directory is not known */
  subjectOf(entry: Entry, signal?: AbortSignal): Promise<string | undefined>;
  /** Without groups, for lists. @throws what the mapper throws */
  brief(entry: Entry, ldapStatus: LdapStatus): Promise<Profile>;
  /** A refusal with the user's profile, which is short unless the context asks for groups. If the mapper fails, the profile contains only the DN. */
  refusal(error: WireErrorName, entry: Entry, context: RequestContext): Promise<{ failure: Failure }>;
}

/** @throws ENTRY_NOT_SHOWN: a profile without attributes would have no id */
export function assertShown(entry: Entry): void {
  if (isShown(entry)) return;
  throw new CodedError('ENTRY_NOT_SHOWN', `The directory shows no attributes of ${entry.dn}, so no profile can be made`, {
    action:
      'Give the service account, or the users themselves, the right to read their entries. Without a service account, "landbridge-connector login NAME" shows what a user can read.',
  });
}

/** Attributes that may hold megabytes. A mapper that copies everything would send them to the hub. */
const BIG_ATTRIBUTES = ['jpegPhoto', 'thumbnailPhoto', 'thumbnailLogo', 'photo', 'audio', 'userCertificate', 'userSMIMECertificate'];
/** Active Directory's limit for `thumbnailPhoto`. */
const MAX_UNREAD_BYTES = 100_000;

function isBig(attribute: Attribute | undefined): boolean {
  return (attribute?.values.reduce((sum, value) => sum + value.length, 0) ?? 0) > MAX_UNREAD_BYTES;
}

export function createEnrich(options: {
  mapper: ProfileMapper;
  groupFinder: GroupFinder;
  queries: (signal?: AbortSignal) => Promise<Queries>;
  settings: ConnectorSettings;
  /** The source of a custom mapper; undefined for the default one. */
  mapperSource: string | undefined;
  /** Requested of users' entries for the mapper. */
  attributes: readonly string[];
  log: Log;
}): Enrich {
  const { mapper, settings, log } = options;
  const hidden = hiddenAttributes(ownAttributes(settings.LDAP_SUBJECT_ATTRIBUTE), options.attributes);
  const isOpen = options.attributes.includes('*');
  const spell = isOpen && options.mapperSource !== undefined ? mapperSpelling(options.mapperSource) : undefined;
  /** Large attributes that are requested only because the mapper may read any attribute. */
  const unread = isOpen ? BIG_ATTRIBUTES.filter((name) => !options.mapperSource?.includes(name)) : [];
  let hasWarnedOfMissingId = false;

  function raw(entry: Entry, ldapStatus: LdapStatus): Record<string, unknown> {
    const organizationUnits = settings.ORGANIZATION_UNITS_AS_DN ? entry.dn : organizationalUnits(entry.dn);
    const attributes = new Map(entry.attributes);
    if (spell !== undefined) for (const [key, attribute] of attributes) attributes.set(key, { ...attribute, name: spell(attribute.name) });
    for (const name of hidden) attributes.delete(name);
    for (const name of unread) if (isBig(attributes.get(name.toLowerCase()))) attributes.delete(name.toLowerCase());
    return Object.assign(rawEntry({ dn: entry.dn, attributes }), { organizationUnits, ldapStatus });
  }

  async function groupsOf(entry: Entry, context: RequestContext): Promise<FoundGroups | undefined> {
    if (!settings.GROUPS) return undefined;
    const onFailure = settings.GROUPS_ON_FAILURE === 'stale' ? 'stale' : 'throw';
    try {
      return await options.groupFinder.groupsOf(entry, await options.queries(context.signal), context.signal, onFailure);
    } catch (error) {
      if (settings.GROUPS_ON_FAILURE === 'fail') throw error;
      log.warn({ err: error, correlationId: context.correlationId, dn: entry.dn }, 'Reading the groups failed; the profile has none');
      return undefined;
    }
  }

  function withGroups(input: Record<string, unknown>, groups: FoundGroups | undefined): Record<string, unknown> {
    return groups === undefined ? input : Object.assign(input, { groups: groupValues(groups.groups) });
  }

  async function subject(entry: Entry, signal?: AbortSignal): Promise<string | undefined> {
    return subjectOf(entry, (await options.queries(signal)).kind, settings.LDAP_SUBJECT_ATTRIBUTE);
  }

  const brief = (entry: Entry, ldapStatus: LdapStatus) => mapper.map(raw(entry, ldapStatus));

  return {
    async full(entry, ldapStatus, context, warning = {}) {
      const { onStep, correlationId } = context;
      const groups = await timed(onStep, 'groups', () => groupsOf(entry, context), groupsOutcome);
      const input = withGroups(Object.assign(raw(entry, ldapStatus), warning), groups);
      const profile = await timed(
        onStep,
        'map',
        () => mapper.map(input),
        () => 'mapped',
      );
      if (profile.id === undefined && !hasWarnedOfMissingId) {
        hasWarnedOfMissingId = true;
        log.warn(
          { correlationId, dn: entry.dn },
          'A profile has no id, and applications cannot identify the user: the directory must show objectGUID, uid or cn, or the mapper must set an id',
        );
      }
      return { profile, subject: await subject(entry, context.signal), accountName: accountNameIn(entry), raw: input, groups };
    },
    brief,
    subjectOf: subject,
    async refusal(error, entry, context) {
      let profile: Profile = { dn: entry.dn };
      try {
        if (isShown(entry)) {
          const groups = context.refusedWithGroups ? await groupsOf(entry, context).catch(() => undefined) : undefined;
          profile = await mapper.map(withGroups(raw(entry, WIRE_ERRORS[error].ldapStatus ?? 'active'), groups));
        }
      } catch (caught) {
        log.warn({ err: caught, dn: entry.dn }, 'Mapping the profile of a refused sign-in failed');
      }
      // Without it, the answer only reveals less.
      const known = isShown(entry) ? await subject(entry).catch(() => undefined) : undefined;
      return { failure: { ...namedFailure(error, profile), ...(known === undefined ? {} : { subject: known }) } };
    },
  };
}

function groupsOutcome(found: FoundGroups | undefined): string {
  if (found === undefined) return 'none';
  return `${found.groups.length} (${found.from})`;
}
