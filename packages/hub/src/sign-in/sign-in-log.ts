/**
 * Writes each sign-in to the log and to the audit log. Everything a directory was asked is recorded; refusals that cost an attacker nothing
 * are recorded up to a limit per address and minute, with how many more there were.
 */
import { addressGroup, type Log } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';
import type { Audit } from '../audit/audit.ts';
import { shortened } from '../requests/requests.ts';
import type { SignInEvent } from './events.ts';

/** @throws CodedError STORE_FAILED if a sign-in from the cache cannot be recorded: it must not succeed. Others go on. */
export type SignInLog = (event: SignInEvent) => Promise<void>;

const UNASKED_RECORDS_A_MINUTE = 100;
const MINUTE_MS = 60_000;
const MAX_ORIGINS = 10_000;

const MESSAGES: Record<SignInEvent['action'], string> = { login: 'Sign-in', 'password.change': 'Password change' };

export function createSignInLog(audit: Audit, log: Log, now: () => number = () => Date.now()): SignInLog {
  /** By connection, result and address. */
  const origins = new LRUCache<string, { sinceMs: number; recorded: number; omitted: number }>({ max: MAX_ORIGINS });

  /** @returns how many were omitted before this one; undefined: this one is omitted too */
  function mayRecord({ connection, remoteAddress, result, instance }: SignInEvent): number | undefined {
    if (instance !== undefined || result === 'ok_from_cache') return 0;
    const key = JSON.stringify([connection, result, remoteAddress === undefined ? null : addressGroup(remoteAddress)]);
    const before = origins.get(key);
    if (before === undefined || before.sinceMs <= now() - MINUTE_MS) {
      origins.set(key, { sinceMs: now(), recorded: 1, omitted: 0 });
      return before?.omitted ?? 0;
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
