/** Sorts the SRV records of a service in the order in which to try them (RFC 2782). */

export interface SrvRecord {
  name: string;
  port: number;
  /** Lower comes first. */
  priority: number;
  /** Among records of one priority: how likely this one comes first. */
  weight: number;
}

/**
 * @param random as `Math.random`
 * @returns all records, by priority; within one priority at random, in proportion to the weights
 */
export function inSrvOrder<T extends SrvRecord>(records: readonly T[], random: () => number = Math.random): T[] {
  const ordered: T[] = [];
  const left = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
  while (left[0] !== undefined) {
    const { priority } = left[0];
    const group = left.filter((record) => record.priority === priority).length;
    const sum = left.slice(0, group).reduce((total, { weight }) => total + weight, 0);
    // From 0 to the sum, both inclusive: weights of zero come first in the list, so they have a small chance as well.
    const drawn = Math.floor(random() * (sum + 1));
    let running = 0;
    let picked = 0;
    for (; picked < group - 1; picked++) {
      running += left[picked]?.weight ?? 0;
      if (running >= drawn) break;
    }
    ordered.push(...left.splice(picked, 1));
  }
  return ordered;
}
