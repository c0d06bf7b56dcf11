/** Reads groups of Active Directory by DN or SID, many in one search, each with the groups in its `memberOf`. */
import type { Directory } from '../../ldap/directory.ts';
import { dnKey, isWithin } from '../../ldap/dn.ts';
import type { Entry } from '../../ldap/entry.ts';
import { LdapError, RESULT } from '../../ldap/errors.ts';
import { ANY_ENTRY, anyOf, type BoundFilter, parseFilter, withValue } from '../../ldap/filter.ts';
import { allValues } from '../../ldap/ranges.ts';
import { chunks } from './chunks.ts';
import { type GroupSettings, groupAttributes, type KnownGroup, type Reference, readGroup, referenceTo } from './group.ts';
import type { GroupSearch } from './group-search.ts';
import type { ReadParents } from './read-parents.ts';
import { isRefused } from './refused-queries.ts';

const BY_DN = parseFilter('(distinguishedName={0})');
/** A server's answer if the entry does not exist or may not be read, or if it is in a child domain. */
const NOT_READABLE: ReadonlySet<number> = new Set([RESULT.noSuchObject, RESULT.referral]);
const BY_SID = parseFilter('(objectSid={0})');

export interface SidReference extends Reference {
  sid: Buffer;
}

/** A group known only by its SID. */
export function referenceToSid(sid: Buffer): SidReference {
  return { key: sidKey(sid), dn: '', sid };
}

function sidKey(sid: Buffer): string {
  return `sid ${sid.toString('hex')}`;
}

export interface ReadByNameOptions extends GroupSettings {
  directory: Directory;
  search: GroupSearch;
  timeoutSeconds: number;
  /**
   * Called for groups that cannot be read: in another domain, or hidden from the service account. A domain controller follows its in-chain
   * rule through them, so their parents count; they are found from the parents' side.
   */
  readParents: ReadParents;
}

/**
 * @returns reads groups; `searchBases`: where to look, the domain first
 * @throws LdapError
 */
export function createReadByName(options: ReadByNameOptions) {
  const { directory, search, readParents } = options;
  const attributes = groupAttributes(options);
  const timeoutMs = options.timeoutSeconds * 1000;

  return async function readByName(
    references: readonly (Reference | SidReference)[],
    searchBases: readonly string[],
  ): Promise<Map<string, KnownGroup>> {
    const known = new Map<string, KnownGroup>();
    const elsewhere: Reference[] = [];
    const byBase = new Map<string, (Reference | SidReference)[]>();
    for (const reference of references) {
      const base = 'sid' in reference ? searchBases[0] : searchBases.find((one) => isWithin(reference.key, dnKey(one)));
      if (base === undefined) elsewhere.push(reference);
      else byBase.set(base, [...(byBase.get(base) ?? []), reference]);
    }
    const read = [...byBase].flatMap(([base, some]) => chunks(some).map((chunk) => readChunk(base, chunk, known)));
    await Promise.all(read);
    for (const reference of references) {
      if (known.has(reference.key)) continue;
      if ('sid' in reference) known.set(reference.key, { group: undefined, parents: [] });
      else if (!elsewhere.includes(reference)) elsewhere.push(reference);
    }
    for (const [key, unreadable] of await readParents(elsewhere, searchBases[0] ?? '')) known.set(key, unreadable);
    return known;
  };

  async function readChunk(base: string, chunk: readonly (Reference | SidReference)[], known: Map<string, KnownGroup>): Promise<void> {
    const [only] = chunk;
    if (chunk.length === 1 && only !== undefined && !('sid' in only)) {
      const entry = await readOne(only.dn);
      if (entry !== undefined) known.set(only.key, await knownGroup(entry));
      return;
    }
    const withSid = chunk.some((reference) => 'sid' in reference);
    let entries: Entry[];
    try {
      entries = await search(base, anyOf(chunk.map(filterFor)), withSid ? [...attributes, 'objectSid'] : attributes);
    } catch (error) {
      // One name that the server rejects must not affect the others.
      if (!isRefused(error)) throw error;
      if (chunk.length > 1) await Promise.all(chunk.map((reference) => readChunk(base, [reference], known)));
      return;
    }
    const waiting = new Map(chunk.map((reference) => [reference.key, reference]));
    const others: Entry[] = [];
    for (const entry of entries) {
      const sid = entry.attributes.get('objectsid')?.values[0];
      const keys = [dnKey(entry.dn), ...(sid === undefined ? [] : [sidKey(sid)])].filter((key) => waiting.delete(key));
      if (keys.length === 0) others.push(entry);
      else {
        const group = await knownGroup(entry);
        for (const key of keys) known.set(key, group);
      }
    }
    // The server accepts other spellings of a name. Read one at a time, there is no doubt which is which.
    if (others.length > 0) {
      await Promise.all([...waiting.values()].map((reference) => readChunk(base, [reference], known)));
    }
  }

  /** Half as expensive as a search below the domain, which matters for deeply nested groups. */
  async function readOne(dn: string): Promise<Entry | undefined> {
    try {
      return (await search(dn, ANY_ENTRY, attributes, 'base'))[0];
    } catch (error) {
      if (error instanceof LdapError && error.resultCode !== undefined && (NOT_READABLE.has(error.resultCode) || isRefused(error)))
        return undefined;
      throw error;
    }
  }

  async function knownGroup(entry: Entry): Promise<KnownGroup> {
    const memberOf = await allValues(directory, entry, 'memberOf', { timeoutMs });
    return { group: readGroup(entry, options), parents: memberOf.map((dn) => referenceTo(dn.toString())) };
  }
}

function filterFor(reference: Reference | SidReference): BoundFilter {
  return 'sid' in reference ? withValue(BY_SID, reference.sid) : withValue(BY_DN, reference.dn);
}
