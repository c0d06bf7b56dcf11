/**
 * Keeps the right password of a user who must choose a new one, so that it is not typed twice: in this process only, for as long as the form
 * takes to fill in, for one sign-in in one browser. Only a password that the directory has accepted gets here, so strangers cannot fill it.
 */
import { LRUCache } from 'lru-cache';

const LIFETIME_MS = 10 * 60_000;
const MAX_KEPT = 1000;

interface Holder {
  interaction: string;
  connectionId: string;
  username: string;
}

export interface KeptPasswords {
  keep(holder: Holder, password: string): void;
  /** @returns undefined if it was not kept, or is no longer: the user types it again then */
  of(holder: Holder): string | undefined;
  forget(interaction: string): void;
}

export function createKeptPasswords(): KeptPasswords {
  const kept = new LRUCache<string, Holder & { password: string }>({ max: MAX_KEPT, ttl: LIFETIME_MS, ttlAutopurge: true });
  return {
    keep: (holder, password) => kept.set(holder.interaction, { ...holder, password }),
    of({ interaction, connectionId, username }) {
      const found = kept.get(interaction);
      return found?.connectionId === connectionId && found.username === username ? found.password : undefined;
    },
    forget: (interaction) => void kept.delete(interaction),
  };
}
