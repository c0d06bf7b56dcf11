/**
 * Writes each sign-in to the log and to the audit log. Everything a directory was asked is recorded; refusals that cost an attacker nothing
 * are recorded up to a limit per network and minute, with how many more there were.
 */
import { addressGroups, createLiveCounters, type Log } from '@landbridge/runtime';
import type { Audit } from '../audit/audit.ts';
import { shortened } from '../requests/requests.ts';
import type { SignInEvent } from './events.ts';

/** @throws CodedError STORE_FAILED if a sign-in from the cache cannot be recorded: it must not succeed. Others continue. */
export type SignInLog = (event: SignInEvent) => Promise<void>;

const UNASKED_RECORDS_A_MINUTE = 100;
const MINUTE_MS = 60_000;
const MAX_ORIGINS = 10_000;
/** For origins beyond these. */
const SHARED_ORIGINS = 64;

const MESSAGES: Record<SignInEvent['action'], string> = { login: 'Sign-in', 'password.change': 'Password change' };

export function createSignInLog(audit: Audit, log: Log, now: () => number = () => Date.now()): SignInLog {
  /** By connection, result and network: one party may have a whole one. */
  const origins = createLiveCounters<{ sinceMs: number; recorded: number; omitted: number }>({
    max: MAX_ORIGINS,
    shared: SHARED_ORIGINS,
    create: () => ({ sinceMs: Number.NEGATIVE_INFINITY, recorded: 0, omitted: 0 }),
    isLive: ({ sinceMs }) => sinceMs > now() - MINUTE_MS,
  });

  /** @returns how many were omitted before this one; undefined: this one is omitted too */
  function mayRecord({ connection, remoteAddress, result, instance }: SignInEvent): number | undefined {
    if (instance !== undefined || result === 'ok_from_cache') return 0;
    const key = JSON.stringify([connection, result, remoteAddress === undefined ? null : addressGroups(remoteAddress).at(-1)]);
    const before = origins.keep(key);
    if (before.sinceMs <= now() - MINUTE_MS) {
      const { omitted } = before;
      Object.assign(before, { sinceMs: now(), recorded: 1, omitted: 0 });
      return omitted;
    }
    if (before.recorded < UNASKED_RECORDS_A_MINUTE) {
      before.recorded++;
      return 0;
    }
    before.omitted++;
    return undefined;
  }

  return async (event) => {
    const { action, connection, username, remoteAddress, instance, result, connectorError, correlationId, via, clientId, ms, detail } =
      event;
    log.info({ correlationId, connection, instance, username: shortened(username), via, result, connectorError, ms }, MESSAGES[action]);
    const omitted = mayRecord(event);
    if (omitted === undefined) return;
    const details = [
      clientId === undefined ? `via ${via}` : `via ${via}, client ${clientId}`,
      ...(detail === undefined ? [] : [detail]),
      ...(omitted === 0 ? [] : [`${omitted} more from this address with this result were not recorded`]),
    ];
    const about = { actor: 'user', action, connection, subject: username, remoteAddress, instance, result, correlationId };
    try {
      await audit.record({ ...about, detail: details.join('; ') });
    } catch (error) {
      log.error({ err: error, connection, correlationId, result }, 'Sign-in not recorded in the audit log');
      if (result === 'ok_from_cache') throw error;
    }
  };
}
