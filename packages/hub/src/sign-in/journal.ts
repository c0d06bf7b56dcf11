/**
 * What a sign-in leaves behind: a record in the audit log, and word to those who count. Whatever a directory was asked is recorded;
 * of refusals that cost a stranger nothing, only so many from one place in a minute, and how many more there were.
 */
import { addressGroup, type Log } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';
import type { Audit } from '../audit/audit.ts';
import type { FinishedSignIn } from './attempt.ts';

export interface Journal {
  /** @throws CodedError STORE_FAILED where a sign-in from the cache cannot be recorded: such a one must not be. Others go on. */
  finished(signIn: FinishedSignIn, detail: string | undefined): Promise<void>;
  onFinished(listener: (finished: FinishedSignIn) => void): void;
}

const UNASKED_RECORDS_A_MINUTE = 100;
const MINUTE_MS = 60_000;
const MAX_PLACES = 10_000;

export function createJournal(audit: Audit, log: Log, now: () => number = () => Date.now()): Journal {
  const listeners: ((finished: FinishedSignIn) => void)[] = [];
  const places = new LRUCache<string, { sinceMs: number; recorded: number; leftOut: number }>({ max: MAX_PLACES });

  /** @returns how many were left out before this one; undefined: this one is left out too */
  function mayRecord({ connection, remoteAddress, result, instance }: FinishedSignIn): number | undefined {
    if (instance !== undefined || result === 'ok_from_cache') return 0;
    const key = JSON.stringify([connection, result, remoteAddress === undefined ? null : addressGroup(remoteAddress)]);
    const before = places.get(key);
    if (before === undefined || before.sinceMs <= now() - MINUTE_MS) {
      places.set(key, { sinceMs: now(), recorded: 1, leftOut: 0 });
      return before?.leftOut ?? 0;
    }
    if (before.recorded < UNASKED_RECORDS_A_MINUTE) {
      before.recorded++;
      return 0;
    }
    before.leftOut++;
    return undefined;
  }

  return {
    async finished(signIn, detail) {
      const { action, connection, username, remoteAddress, instance, result, correlationId, via, clientId } = signIn;
      for (const listener of listeners) listener(signIn);
      const leftOut = mayRecord(signIn);
      if (leftOut === undefined) return;
      const details = [
        clientId === undefined ? `via ${via}` : `via ${via}, client ${clientId}`,
        ...(detail === undefined ? [] : [detail]),
        ...(leftOut === 0 ? [] : [`${leftOut} more from there with this result were not recorded`]),
      ];
      const event = { actor: 'person', action, connection, subject: username, remoteAddress, instance, result, correlationId };
      try {
        await audit.record({ ...event, detail: details.join('; ') });
      } catch (error) {
        log.error({ err: error, connection, pid: correlationId, result }, 'A sign-in is not in the audit log');
        if (result === 'ok_from_cache') throw error;
      }
    },
    onFinished(listener) {
      listeners.push(listener);
    },
  };
}
