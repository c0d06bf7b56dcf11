/** A map of bounded size: what was not looked at for the longest time goes first. */

export interface RecentMap<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

export function createRecentMap<V>(maxSize: number): RecentMap<V> {
  // A Map keeps the order in which keys were set.
  const map = new Map<string, V>();
  return {
    get(key) {
      const value = map.get(key);
      if (value !== undefined) {
        map.delete(key);
        map.set(key, value);
      }
      return value;
    },
    set(key, value) {
      map.delete(key);
      map.set(key, value);
      if (map.size <= maxSize) return;
      for (const oldest of map.keys()) {
        map.delete(oldest);
        break;
      }
    },
    delete(key) {
      map.delete(key);
    },
  };
}
