/** Splits names into batches for one filter each. */
import type { Reference } from './group.ts';

/** In some servers the cost of a filter grows with the square of its size (Samba: 3 ms for 10 names, 90 ms for 200). */
const MAX_NAMES = 16;
/** Long names make long requests, and servers limit their size. */
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
