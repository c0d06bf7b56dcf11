/**
 * Ranged attributes: Active Directory returns at most 1,500 values of a linked attribute at once, under names such as
 * `memberOf;range=0-1499`, and the rest on request (MS-ADTS, section 3.1.1.3.1.3.3).
 */
import type { Directory } from './directory.ts';
import type { Entry } from './entry.ts';
import { LdapError } from './errors.ts';
import { ANY_ENTRY } from './filter.ts';

/** Values of one attribute in all ranges. */
const MAX_VALUES = 200_000;

interface Piece {
  from: number;
  /** Undefined: the last range. */
  to: number | undefined;
  values: readonly Buffer[];
}

/** Whether the entry has the attribute in ranges, so that the values under its plain name are incomplete. */
export function isRanged(entry: Entry, name: string): boolean {
  return pieceOf(entry, name) !== undefined;
}

/**
 * @param name without options
 * @returns all values of the attribute, requesting missing ranges
 * @throws LDAP_PROTOCOL if the ranges are inconsistent, LDAP_TIMEOUT, and whatever a search throws
 */
export async function allValues(
  directory: Directory,
  entry: Entry,
  name: string,
  options: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<readonly Buffer[]> {
  let piece = pieceOf(entry, name);
  if (piece === undefined) return entry.attributes.get(name.toLowerCase())?.values ?? [];
  const deadline = performance.now() + options.timeoutMs;
  const values: Buffer[] = [];
  for (;;) {
    if (piece.from !== values.length || (piece.to !== undefined && piece.to - piece.from + 1 !== piece.values.length)) {
      throw broken(entry, name, `values ${piece.from} to ${piece.to ?? 'the end'} instead of value ${values.length}`);
    }
    for (const value of piece.values) values.push(value);
    if (piece.to === undefined) return values;
    if (values.length > MAX_VALUES) throw broken(entry, name, `more than ${MAX_VALUES} values`);
    const { entries } = await directory.search(
      { searchBase: entry.dn, scope: 'base', filter: ANY_ENTRY, attributes: [`${name};range=${values.length}-*`] },
      { timeoutMs: Math.max(1, deadline - performance.now()), signal: options.signal },
    );
    const next = entries[0] && pieceOf(entries[0], name);
    // The remaining values may have been removed meanwhile.
    if (next === undefined) return values;
    if (next.values.length === 0) throw broken(entry, name, 'a range without values');
    piece = next;
  }
}

function pieceOf(entry: Entry, name: string): Piece | undefined {
  const prefix = `${name.toLowerCase()};range=`;
  for (const [key, { values }] of entry.attributes) {
    if (!key.startsWith(prefix)) continue;
    const range = /^(\d{1,9})-(\*|\d{1,9})$/.exec(key.slice(prefix.length));
    if (range !== null) return { from: Number(range[1]), to: range[2] === '*' ? undefined : Number(range[2]), values };
  }
  return undefined;
}

function broken(entry: Entry, name: string, what: string): LdapError {
  return new LdapError('LDAP_PROTOCOL', `The directory returned inconsistent ranges of ${name} of ${entry.dn}: ${what}`, {
    mayHaveBeenSent: true,
  });
}
