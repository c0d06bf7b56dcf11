/**
 * Checks cached credentials against the directory when a connector comes back, and regularly. Entries whose password has changed or whose
 * user may no longer sign in are removed. After an outage, older entries are not used until they are checked or their user has signed
 * in again.
 */
import type { RequestOutcome } from '@landbridge/protocol';
import { errorText, type Log } from '@landbridge/runtime';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

export interface CredentialChecks {
  /** Entries verified before this time are not used; undefined: all are. */
  uncheckedBefore(connectionId: string): number | undefined;
  /** Called regularly. Checks run in the background. */
  look(): Promise<void>;
}

const AT_ONCE = 200;
const REPEAT_MS = 15 * 60_000;
const RETRY_MS = 60_000;
/** Tolerance between the clocks of hub and directory, as in Kerberos. */
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
  /** Whether a connector for this connection is available. */
  isServed: (connectionId: string) => boolean;
  passwordTimes: (connection: Connection, subjects: readonly string[]) => Promise<RequestOutcome<'password_times'>>;
  log: Log;
  now?: () => number;
}): Promise<CredentialChecks> {
  const { store, isServed, passwordTimes, log, now = Date.now } = parts;
  const startedMs = now();
  const states = new Map<string, State>();
  for (const { id } of await store.connections()) await stateOf(id);

  /** After a restart during an outage, previously unchecked entries remain unchecked. */
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
    // The connector may have disconnected again in the meantime.
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
