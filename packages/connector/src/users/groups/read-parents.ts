/**
 * Finds the parents of groups from the side of the groups that have members: many names in one search, then the members of the results say
 * which parent belongs to which child. If they do not say for certain, each child is searched alone.
 */
import { dnKey, parseDn } from '../../ldap/dn.ts';
import { allTexts, type Entry } from '../../ldap/entry.ts';
import { isRanged } from '../../ldap/ranges.ts';
import { chunks } from './chunks.ts';
import { type Group, type GroupSettings, groupAttributes, type KnownGroup, type Reference, readGroup } from './group.ts';
import type { GroupQuery, RunQueries } from './refused-queries.ts';

/** @returns each reference with its parents, by key @throws LdapError */
export type ReadParents = (references: readonly (Reference | Group)[], searchBase: string) => Promise<Map<string, KnownGroup>>;

/** @param membersOf returns the queries for groups that contain a DN in one of `memberAttributes` */
export function createReadParents(
  options: GroupSettings & { run: RunQueries; membersOf: (dn: string) => GroupQuery[]; memberAttributes: readonly string[] },
): ReadParents {
  const { run, membersOf, memberAttributes } = options;
  const attributes = groupAttributes(options);

  return async (references, searchBase) => {
    const known = new Map<string, KnownGroup>();
    await Promise.all(chunks(references).map((chunk) => readChunk(chunk, searchBase, known)));
    return known;
  };

  async function readChunk(chunk: readonly (Reference | Group)[], searchBase: string, known: Map<string, KnownGroup>): Promise<void> {
    const set = (child: Reference | Group, parents: Group[]) =>
      known.set(child.key, { group: 'value' in child ? child : undefined, parents });
    const queries = chunk.flatMap(({ dn }) => membersOf(dn));
    const [only] = chunk;
    if (chunk.length === 1 && only !== undefined) {
      const { entries } = await run(searchBase, queries, attributes);
      set(
        only,
        entries.map((entry) => readGroup(entry, options)),
      );
      return;
    }
    const { entries } = await run(searchBase, queries, [...attributes, ...memberAttributes]);
    const sorted = sortByChild(chunk, entries);
    const parentGroups = new Map(entries.map((entry) => [entry, readGroup(entry, options)]));
    await Promise.all(
      chunk.map(async (child) => {
        const parents = sorted.get(child.key);
        if (parents === undefined) return readChunk([child], searchBase, known);
        set(
          child,
          parents.flatMap((entry) => parentGroups.get(entry) ?? []),
        );
      }),
    );
  }

  /** @returns the entries that have each child as a member; omits children for which that is not certain */
  function sortByChild(chunk: readonly Reference[], entries: readonly Entry[]): Map<string, Entry[]> {
    const sorted = new Map<string, Entry[]>(chunk.map(({ key }) => [key, []]));
    const alike = new Map<string, string[]>();
    for (const { key, dn } of chunk) alike.set(lookalike(dn), [...(alike.get(lookalike(dn)) ?? []), key]);
    for (const entry of entries) {
      const members = memberAttributes.flatMap((name) => allTexts(entry, name)).map(withoutUniqueIdentifier);
      const certain = new Set<string>();
      const doubtful = new Set<string>();
      for (const member of members) {
        const key = dnKey(member);
        if (sorted.has(key)) certain.add(key);
        else for (const similar of alike.get(lookalike(member)) ?? []) doubtful.add(similar);
      }
      // Members that are hidden, or returned in ranges, may be any of them.
      const incomplete = certain.size + doubtful.size === 0 || memberAttributes.some((name) => isRanged(entry, name));
      for (const [key, parents] of sorted) {
        if (certain.has(key)) parents.push(entry);
        else if (incomplete || doubtful.has(key)) sorted.delete(key);
      }
    }
    return sorted;
  }
}

/** A value of `uniqueMember` may end in a bit string (RFC 4517, section 3.3.21). */
function withoutUniqueIdentifier(value: string): string {
  return value.endsWith("'B") ? value.replace(/#'[01]*'B$/, '') : value;
}

/** The same text for all names that any server could consider equal: letters and digits without case, accents, width and attribute types. */
function lookalike(dn: string): string {
  const values = /[\\"]/.test(dn)
    ? parseDn(dn)
        ?.flatMap((parts) => parts.map(({ value }) => value))
        .join(',')
    : undefined;
  const text = (values ?? dn.replace(/(^|[,+;]) *[A-Za-z0-9.-]+ *=/g, '$1')).toUpperCase();
  return text
    .normalize('NFKD')
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}
