/**
 * Checks cached credentials against the directory when a connector comes back, and regularly: an entry whose password was changed since, or whose
 * user may no longer sign in, is removed. After an outage, entries from before it do not count until they are checked, or until their user has signed
 * in again.
 */
import type { RequestOutcome } from '@landbridge/protocol';
import { errorText, type Log } from '@landbridge/runtime';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

export interface CredentialChecks {
  /** Entries verified before this time do not count; undefined: all do. */
  uncheckedBefore(connectionId: string): number | undefined;
  /** To be called regularly. Checks run in the background. */
  look(): Promise<void>;
}

const AT_ONCE = 200;
const REPEAT_MS = 15 * 60_000;
const RETRY_MS = 60_000;
/** The clocks of hub and directory may differ by this much, as in Kerberos. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

interface State {
  isUp: boolean;
  lastDownMs: number;
  uncheckedBeforeMs: number | undefined;
  nextMs: number;
  isRunning: boolean;
}

export async function createCredentialChecks(parts: {
  store: Store;
  /** Whether a connector can answer for this connection. */
  isServed: (connectionId: string) => boolean;
  passwordTimes: (connection: Connection, subjects: readonly string[]) => Promise<RequestOutcome<'password_times'>>;
  log: Log;
  now?: () => number;
}): Promise<CredentialChecks> {
  const { store, isServed, passwordTimes, log, now = Date.now } = parts;
  const startedMs = now();
  const states = new Map<string, State>();
  for (const { id } of await store.connections()) await stateOf(id);

  /** After a restart during an outage, entries that were unchecked before still are. */
  async function stateOf(id: string): Promise<State> {
    const known = states.get(id);
    if (known !== undefined) return known;
    const uncheckedBeforeMs = (await store.credentialsUncheckedBefore(id))?.getTime();
    const state = { isUp: false, lastDownMs: startedMs, uncheckedBeforeMs, nextMs: 0, isRunning: false };
    states.set(id, state);
    return state;
  }

  async function check(connection: Connection): Promise<boolean> {
    let removed = 0;
    for (let after = ''; ; ) {
      const entries = await store.cachedCredentialUsers(connection.id, after, AT_ONCE);
      const last = entries.at(-1);
      if (last === undefined) break;
      const answer = await passwordTimes(
        connection,
        entries.map(({ userId }) => userId),
      );
      if ('failure' in answer) return false;
      for (const { userId, verifiedAt } of entries) {
        const changedMs = answer.times[userId];
        if (changedMs !== undefined && changedMs <= verifiedAt.getTime() - CLOCK_TOLERANCE_MS) continue;
        if (await store.removeCachedCredential(connection.id, { userId })) removed++;
      }
      after = last.userId;
    }
    log.info({ connection: connection.name, removed }, 'Cached credentials checked against the directory');
    return true;
  }

  async function run(connection: Connection, state: State): Promise<void> {
    const { uncheckedBeforeMs } = state;
    const done = await check(connection);
    state.nextMs = now() + (done ? REPEAT_MS : RETRY_MS);
    // The connector may have been away again in the meantime.
    if (!done || state.uncheckedBeforeMs !== uncheckedBeforeMs) return;
    await store.setCredentialsUncheckedBefore(connection.id, undefined);
    state.uncheckedBeforeMs = undefined;
  }

  return {
    uncheckedBefore: (connectionId) => states.get(connectionId)?.uncheckedBeforeMs,
    async look() {
      for (const connection of await store.connections()) {
        const state = await stateOf(connection.id);
        const isUp = isServed(connection.id);
        if (!isUp) state.lastDownMs = now();
        else if (!state.isUp) {
          await store.setCredentialsUncheckedBefore(connection.id, new Date(state.lastDownMs));
          state.uncheckedBeforeMs = state.lastDownMs;
          state.nextMs = 0;
        }
        state.isUp = isUp;
        if (!isUp || state.isRunning || now() < state.nextMs) continue;
        state.isRunning = true;
        run(connection, state)
          .catch((error: unknown) => log.error({ err: error }, `Cached credentials not checked: ${errorText(error)}`))
          .finally(() => {
            state.isRunning = false;
          });
      }
    },
  };
}
