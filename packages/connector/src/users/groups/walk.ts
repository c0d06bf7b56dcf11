/** From a user's direct groups upwards, breadth first: each group once, nearest first, cycles harmless. */
import type { Group, Reference } from './group.ts';
import type { Seen } from './known-groups.ts';

export interface FoundGroup extends Group {
  /** `found`: by the administrator's query, and `memberOf` does not say through which group. */
  how: 'direct' | 'primary' | 'nested' | 'found';
  /** The DN of the group through which the user is in a nested one. */
  through: string | undefined;
  /** How long it has been cached; undefined if it was just read. */
  ageMs: number | undefined;
}

export interface Start {
  reference: Reference;
  how: 'direct' | 'primary';
}

/**
 * @param start the direct groups in the order in which to report them
 * @param look what is known of the groups of one level, by key; a missing group is omitted
 * @returns the readable groups; unreadable ones are passed through
 * @throws what `look` throws
 */
export async function walkUpwards(
  start: readonly Start[],
  look: (level: readonly Reference[]) => Promise<Map<string, Seen>>,
): Promise<FoundGroup[]> {
  const found: FoundGroup[] = [];
  const seen = new Set<string>();
  let level: { reference: Reference; how: FoundGroup['how']; through: string | undefined }[] = [];
  for (const { reference, how } of start) level.push({ reference, how, through: undefined });
  while (level.length > 0) {
    level = level.filter(({ reference: { key } }) => !seen.has(key) && seen.add(key));
    if (level.length === 0) break;
    const looked = await look(level.map(({ reference }) => reference));
    const next: typeof level = [];
    for (const { reference, how, through } of level) {
      const entry = looked.get(reference.key);
      if (entry === undefined) continue;
      const { known, ageMs } = entry;
      if (known.group !== undefined) {
        // It may have been found under another name before: by its SID, or in another spelling.
        if (known.group.key !== reference.key) {
          if (seen.has(known.group.key)) continue;
          seen.add(known.group.key);
        }
        found.push({ ...known.group, how, through, ageMs });
      }
      for (const parent of known.parents) next.push({ reference: parent, how: 'nested', through: known.group?.dn ?? reference.dn });
    }
    level = next;
  }
  return found;
}
