/** Actions that an administrator continues after a visit to the OpenID provider. Kept in memory, for one session only. */
import { newSecretToken } from '@landbridge/web';
import { LRUCache } from 'lru-cache';
import { PROVIDER_FLOW_MINUTES } from '../administrators/provider.ts';

interface PendingAction {
  sessionId: string;
  /** `bind`: the user at the provider becomes a way to sign in. Otherwise a form waits for a recent authentication. */
  action: 'bind' | { path: string; form: readonly (readonly [name: string, value: string])[] };
}

export interface PendingActions {
  /** @returns its id */
  add(pending: PendingAction): string;
  /** Removes the action. @returns undefined if it is unknown, expired, or of another session */
  take(id: string, sessionId: string): PendingAction['action'] | undefined;
}

/** The total size of all forms. The oldest ones are dropped, and their administrators submit the form again. */
const MAX_CHARACTERS = 8 * 1024 * 1024;

export function createPendingActions(): PendingActions {
  const actions = new LRUCache<string, PendingAction>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (pending) => 100 + JSON.stringify(pending).length,
    ttl: PROVIDER_FLOW_MINUTES * 60_000,
  });
  return {
    add(pending) {
      const { token } = newSecretToken();
      actions.set(token, pending);
      return token;
    },
    take(id, sessionId) {
      const pending = actions.get(id);
      if (pending?.sessionId !== sessionId) return undefined;
      actions.delete(id);
      return pending.action;
    },
  };
}
