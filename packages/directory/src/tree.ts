/** The entries of a directory: their tree, their values with indexes, and the links between groups and members. */
import { CodedError } from '@landbridge/runtime';
import { dnIndexKey } from './dn.ts';
import { INDEXED, inSchema, spellingOf, type Value, valueKey } from './schema.ts';

export interface DirectoryEntry {
  readonly dn: string;
  readonly parent: DirectoryEntry | undefined;
  readonly children: ReadonlySet<DirectoryEntry>;
  /** Direct members. */
  readonly members: ReadonlySet<DirectoryEntry>;
  readonly memberOf: ReadonlySet<DirectoryEntry>;
}

export interface Tree {
  /** The DN can have any spelling. */
  find(dn: string): DirectoryEntry | undefined;
  /** @throws CodedError `ENTRY_EXISTS`, `BAD_DN`, `NO_PARENT` (every entry except the root needs a parent) */
  add(dn: string, attributes: Readonly<Record<string, Value | readonly Value[]>>): DirectoryEntry;
  /** An attribute's values, including computed ones. `name` in any case. */
  values(entry: DirectoryEntry, name: string): readonly Value[];
  /** The first value as text. */
  text(entry: DirectoryEntry, name: string): string | undefined;
  /** The attributes that have a value, in the schema's spelling. */
  attributeNames(entry: DirectoryEntry): string[];
  /** An attribute's name as in the schema, or else as it was given. */
  spelling(entry: DirectoryEntry, name: string): string;
  /** Replaces an attribute's values; an empty list removes it. Not for `member`: see `link`. */
  replace(entry: DirectoryEntry, name: string, values: readonly Value[]): void;
  link(group: DirectoryEntry, member: DirectoryEntry): void;
  unlink(group: DirectoryEntry, member: DirectoryEntry): void;
  /** The entries with this value, by `valueKey`; undefined if the attribute has no index. */
  withValue(lowerName: string, key: string): Iterable<DirectoryEntry> | undefined;
  /** Whether the schema or any entry has the attribute. A filter on an unknown one is neither true nor false. */
  knows(lowerName: string): boolean;
}

interface Node extends DirectoryEntry {
  readonly children: Set<Node>;
  readonly members: Set<Node>;
  readonly memberOf: Set<Node>;
  readonly attributes: Map<string, { name: string; values: readonly Value[] }>;
}

/** @param rootDn the entry without a parent */
export function createTree(rootDn: string): Tree {
  const rootKey = dnIndexKey(rootDn);
  const byDn = new Map<string, Node>();
  const byEntry = new Map<DirectoryEntry, Node>();
  const indexes = new Map<string, Map<string, Set<Node>>>([...INDEXED].map((name) => [name, new Map()]));
  const extraNames = new Set<string>();

  function index(node: Node, lowerName: string, values: readonly Value[], change: 'add' | 'delete'): void {
    const entries = indexes.get(lowerName);
    if (entries === undefined) return;
    for (const value of values) {
      const key = valueKey(lowerName, value);
      if (key === undefined) continue;
      const nodes = entries.get(key) ?? new Set();
      nodes[change](node);
      if (nodes.size === 0) entries.delete(key);
      else entries.set(key, nodes);
    }
  }

  function nodeOf(entry: DirectoryEntry): Node {
    const node = byEntry.get(entry);
    if (node === undefined) throw new CodedError('NO_ENTRY', `${entry.dn} is not an entry of this directory`);
    return node;
  }

  function set(node: Node, name: string, values: readonly Value[]): void {
    const lowerName = name.toLowerCase();
    index(node, lowerName, node.attributes.get(lowerName)?.values ?? [], 'delete');
    if (values.length === 0) node.attributes.delete(lowerName);
    else node.attributes.set(lowerName, { name: spellingOf(name), values });
    index(node, lowerName, values, 'add');
    if (!inSchema(lowerName)) extraNames.add(lowerName);
  }

  function values(entry: DirectoryEntry, name: string): readonly Value[] {
    const lowerName = name.toLowerCase();
    switch (lowerName) {
      case 'distinguishedname':
        return [entry.dn];
      case 'member':
        return [...entry.members].map((member) => member.dn);
      case 'memberof':
        return [...entry.memberOf].map((group) => group.dn);
      default:
        return nodeOf(entry).attributes.get(lowerName)?.values ?? [];
    }
  }

  return {
    find(dn) {
      const key = dnIndexKey(dn);
      return key === undefined ? undefined : byDn.get(key);
    },
    add(dn, attributes) {
      const key = dnIndexKey(dn);
      if (key === undefined || key === '') throw new CodedError('BAD_DN', `${JSON.stringify(dn)} is not a DN`);
      if (byDn.has(key)) throw new CodedError('ENTRY_EXISTS', `${dn} already exists`);
      // Keys are escaped, so a comma without a backslash separates.
      const parent = key === rootKey ? undefined : byDn.get(key.replace(/^(?:[^\\,]|\\.)*,/s, ''));
      if (parent === undefined && key !== rootKey) throw new CodedError('NO_PARENT', `${dn} has no parent entry`);
      const node: Node = { dn, parent, children: new Set(), members: new Set(), memberOf: new Set(), attributes: new Map() };
      byDn.set(key, node);
      byEntry.set(node, node);
      parent?.children.add(node);
      for (const [name, value] of Object.entries(attributes)) {
        const list = typeof value === 'string' || Buffer.isBuffer(value) ? [value] : value;
        if (list.length > 0) set(node, name, list);
      }
      return node;
    },
    values,
    text(entry, name) {
      const first = values(entry, name)[0];
      return first === undefined || typeof first === 'string' ? first : first.toString('utf8');
    },
    attributeNames(entry) {
      const names = [...nodeOf(entry).attributes.values()].map((attribute) => attribute.name);
      names.push('distinguishedName');
      if (entry.members.size > 0) names.push('member');
      if (entry.memberOf.size > 0) names.push('memberOf');
      return names;
    },
    spelling: (entry, name) => nodeOf(entry).attributes.get(name.toLowerCase())?.name ?? spellingOf(name),
    replace: (entry, name, list) => set(nodeOf(entry), name, list),
    link(group, member) {
      nodeOf(group).members.add(nodeOf(member));
      nodeOf(member).memberOf.add(nodeOf(group));
    },
    unlink(group, member) {
      nodeOf(group).members.delete(nodeOf(member));
      nodeOf(member).memberOf.delete(nodeOf(group));
    },
    withValue: (lowerName, key) => {
      const entries = indexes.get(lowerName);
      return entries === undefined ? undefined : (entries.get(key) ?? []);
    },
    knows: (lowerName) => inSchema(lowerName) || extraNames.has(lowerName),
  };
}
