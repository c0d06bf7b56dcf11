/**
 * `password_times`: when users' passwords were last changed, for a hub that keeps cached credentials. Users who no longer exist or may not sign in now
 * are omitted.
 */
import type { PasswordTimesClaims, RequestOutcome } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import { parseGeneralizedTime } from '../../asn1/generalized-time.ts';
import { fileTimeMs } from '../../ldap/active-directory/file-time.ts';
import { guidBytes } from '../../ldap/active-directory/object-guid.ts';
import type { Directory } from '../../ldap/directory.ts';
import { type Entry, firstText } from '../../ldap/entry.ts';
import { anyOf, parseFilter, withValue } from '../../ldap/filter.ts';
import { ACCOUNT_STATE_ATTRIBUTES, accountState } from '../account-state.ts';
import type { RequestContext } from '../context.ts';
import { logUndecided } from '../failures.ts';
import type { Queries } from '../queries.ts';
import type { RateLimits } from '../rate-limits.ts';
import { subjectAttributes, subjectOf } from '../subject.ts';

const DAY_MS = 86_400_000;
const PASSWORD_SET = 'pwdLastSet';
/** The password policies of OpenLDAP and others, of 389 Directory Server, and of FreeIPA. */
const GENERALIZED_TIMES = ['pwdChangedTime', 'pwdUpdateTime', 'krbLastPwdChange'];
/** In days since 1970. */
const SHADOW = 'shadowLastChange';
/** Used if no other attribute exists: it changes with each password (RFC 4512, section 3.4). Other changes only discard a cached credential. */
const MODIFIED = 'modifyTimestamp';
const TIMES = [PASSWORD_SET, ...GENERALIZED_TIMES, SHADOW, MODIFIED];

/** @returns milliseconds since 1970; undefined if the entry shows no time */
export function passwordChangedMs(entry: Entry, nowMs: number): number | undefined {
  const lastSet = firstText(entry, PASSWORD_SET);
  const days = Number(firstText(entry, SHADOW) ?? Number.NaN);
  const known = [
    // 0: the password must be changed.
    lastSet === '0' ? nowMs : fileTimeMs(lastSet),
    ...GENERALIZED_TIMES.map((name) => parseGeneralizedTime(firstText(entry, name))?.getTime()),
    // The end of that day.
    Number.isInteger(days) ? Math.min(nowMs, (days + 1) * DAY_MS) : undefined,
  ].filter((ms) => ms !== undefined);
  return known.length > 0 ? Math.max(...known) : parseGeneralizedTime(firstText(entry, MODIFIED))?.getTime();
}

export function createPasswordTimes(options: {
  directory: Directory;
  queries: (signal?: AbortSignal) => Promise<Queries>;
  limits: RateLimits;
  /** The setting LDAP_SUBJECT_ATTRIBUTE. */
  subjectSetting: string | undefined;
  log: Log;
}): (claims: PasswordTimesClaims, context: RequestContext) => Promise<RequestOutcome<'password_times'>> {
  const { directory, limits, subjectSetting, log } = options;
  const identifying = subjectAttributes(subjectSetting).map((name) => ({ name, filter: parseFilter(`(${name}={0})`) }));

  async function passwordTimes({ subjects }: PasswordTimesClaims, { signal }: RequestContext) {
    limits.search();
    const { kind, searchBase } = await options.queries(signal);
    const filters = subjects.flatMap((subject) =>
      identifying.flatMap(({ name, filter }) => {
        const value = name === 'objectGUID' ? guidBytes(subject) : name === 'GUID' ? Buffer.from(subject, 'hex') : subject;
        return value === undefined || value.length === 0 ? [] : withValue(filter, value);
      }),
    );
    const times: Record<string, number> = {};
    if (filters.length === 0) return { times };
    const attributes = [...new Set([...identifying.map(({ name }) => name), ...TIMES, ...ACCOUNT_STATE_ATTRIBUTES])];
    const { entries } = await directory.search({ searchBase, scope: 'sub', filter: anyOf(filters), attributes }, { signal });
    const wanted = new Set(subjects);
    for (const entry of entries) {
      const subject = subjectOf(entry, kind, subjectSetting);
      if (subject === undefined || !wanted.has(subject)) continue;
      const state = await accountState(directory, entry, Date.now(), signal);
      const changedMs = passwordChangedMs(entry, Date.now());
      if (state.kind === 'usable' && changedMs !== undefined) times[subject] = changedMs;
    }
    return { times };
  }

  return (claims, context) =>
    passwordTimes(claims, context).catch(logUndecided(log, context, 'Reading the times of password changes failed'));
}
