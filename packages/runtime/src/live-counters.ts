/**
 * Counters that limit attempts, by key. Memory is bounded, and an attacker cannot use that to reset a counter: only counters without anything left
 * to count are removed. When all are in use, further keys share a fixed number of counters, so that limits become stricter, not looser.
 */
import { hash, randomBytes } from 'node:crypto';

export interface LiveCounters<T> {
  /** @returns the counter of this key, or a new one that is not kept: an attempt that is not admitted takes no memory */
  find(key: string): T;
  /** @returns the counter of this key, kept from now on as long as it is live */
  keep(key: string): T;
  /** Removes it if it is not live. */
  release(key: string): void;
  readonly size: number;
}

/** Counters that are looked at for each new one, to find one that is no longer live. */
const LOOK_AT = 8;

/**
 * @param options.max counters with a key of their own
 * @param options.shared counters for keys that find no place; 0: such a key is not counted
 * @param options.create `shared`: it counts several keys, so a success under one of them may not clear it
 */
export function createLiveCounters<T>(options: {
  max: number;
  shared: number;
  create(shared: boolean): T;
  isLive(counter: T): boolean;
}): LiveCounters<T> {
  const { max, shared, create, isLive } = options;
  /** Looked at in turn: live ones move to the end. */
  const own = new Map<string, T>();
  const common = new Map<number, T>();
  /** Attackers cannot choose keys that share a counter with a given one. */
  const secret = randomBytes(16).toString('base64');
  const slotOf = (key: string) => hash('sha256', secret + key, 'buffer').readUInt32BE(0) % shared;

  function commonOf(key: string): T | undefined {
    if (common.size === 0) return undefined;
    const slot = slotOf(key);
    const counter = common.get(slot);
    if (counter === undefined || isLive(counter)) return counter;
    common.delete(slot);
    return undefined;
  }

  function hasRoom(): boolean {
    let looks = 0;
    for (const [key, counter] of own) {
      if (own.size < max) return true;
      if (looks++ === LOOK_AT) return false;
      own.delete(key);
      if (isLive(counter)) own.set(key, counter);
    }
    return own.size < max;
  }

  return {
    find: (key) => own.get(key) ?? commonOf(key) ?? create(false),
    keep(key) {
      const kept = own.get(key) ?? commonOf(key);
      if (kept !== undefined) return kept;
      const isShared = !hasRoom();
      const counter = create(isShared);
      if (!isShared) own.set(key, counter);
      else if (shared > 0) common.set(slotOf(key), counter);
      return counter;
    },
    release(key) {
      const counter = own.get(key);
      if (counter !== undefined && !isLive(counter)) own.delete(key);
    },
    get size() {
      return own.size + common.size;
    },
  };
}
