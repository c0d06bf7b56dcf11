/** Names for one filter at a time. */
import type { Reference } from './group.ts';

/** The cost of a filter with many parts grows with its square in some servers (Samba: 3 ms for 10, 90 ms for 200). */
const MAX_NAMES = 16;
/** Long names make long requests; servers have limits for those. */
const MAX_CHARACTERS = 16_384;

export function chunks<T extends Reference>(references: readonly T[]): T[][] {
  const made: T[][] = [];
  let characters = 0;
  for (const reference of references) {
    const current = made.at(-1);
    characters += reference.dn.length;
    if (current === undefined || current.length === MAX_NAMES || characters > MAX_CHARACTERS) {
      made.push([reference]);
      characters = reference.dn.length;
    } else current.push(reference);
  }
  return made;
}
