/** One group: its name in the profile, and what is cached of it. */
import { dnKey } from '../../ldap/dn.ts';
import { type Entry, firstText, rawAttribute, textOf } from '../../ldap/entry.ts';

export interface GroupSettings {
  /** The attribute that names a group in the profile. */
  property: string;
  /** If not empty, each group becomes an object of these attributes. */
  properties: readonly string[];
}

/** A group known by name, which may not be readable. */
export interface Reference {
  /** The same for all spellings of the DN. */
  key: string;
  dn: string;
}

export interface Group extends Reference {
  /** Goes into the profile; undefined if the entry has no attribute to name it by. */
  value: unknown;
}

/** A group with the groups it is a direct member of. */
export interface KnownGroup {
  /** Undefined if the entry does not exist, or the service account may not read it. */
  group: Group | undefined;
  parents: readonly (Reference | Group)[];
}

export function referenceTo(dn: string): Reference {
  return { key: dnKey(dn), dn };
}

/** The attributes to request. */
export function groupAttributes(settings: GroupSettings): string[] {
  const named = [...(settings.properties.length > 0 ? settings.properties : [settings.property])].filter(
    (name) => name.toLowerCase() !== 'dn',
  );
  return [...new Set(['cn', 'memberOf', ...named])];
}

export function readGroup(entry: Entry, settings: GroupSettings): Group {
  return { ...referenceTo(entry.dn), value: groupValue(entry, settings) };
}

function groupValue(entry: Entry, { property, properties }: GroupSettings): unknown {
  if (properties.length === 0) {
    const own = rawAttribute(entry, property);
    const first = Array.isArray(own) ? own[0] : own;
    return first === undefined && !isGroupId(property) ? firstText(entry, 'cn') : first && textOf(first);
  }
  const value: Record<string, unknown> = {};
  for (const name of properties) {
    const own = rawAttribute(entry, name);
    value[name] = Array.isArray(own) ? own.map(textOf) : own && textOf(own);
  }
  return value;
}

const GROUP_IDS: ReadonlySet<string> = new Set([
  'dn',
  'distinguishedname',
  'objectguid',
  'objectsid',
  'entryuuid',
  'nsuniqueid',
  'ipauniqueid',
]);

/** @returns whether the attribute identifies a group: then its name does not replace it, as someone could name a group like another's id */
export function isGroupId(property: string): boolean {
  return GROUP_IDS.has(property.toLowerCase());
}

/** @returns values that stand for several groups, for a warning */
export function sharedValues(groups: Iterable<Pick<Group, 'value' | 'key'>>): string[] {
  const byValue = Map.groupBy(groups, ({ value }) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return [...byValue].flatMap(([value, some]) => (value !== undefined && new Set(some.map(({ key }) => key)).size > 1 ? [value] : []));
}

/** @returns the values of these groups, without duplicates */
export function groupValues(groups: Iterable<Pick<Group, 'value'>>): unknown[] {
  const seen = new Set<unknown>();
  const values: unknown[] = [];
  for (const { value } of groups) {
    if (value === undefined) continue;
    // Objects are compared by content; two groups in different places may have the same name.
    const identity = typeof value === 'object' ? JSON.stringify(value) : value;
    if (seen.has(identity)) continue;
    seen.add(identity);
    values.push(value);
  }
  return values;
}
