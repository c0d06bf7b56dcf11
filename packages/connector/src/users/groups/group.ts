/** One group: how it is named, and what is remembered of it. */
import { dnKey } from '../../ldap/dn.ts';
import { type Entry, firstText, rawAttribute } from '../../ldap/entry.ts';

export interface GroupSettings {
  /** The attribute that names a group in the profile. */
  property: string;
  /** Where not empty, each group is an object of these attributes. */
  properties: readonly string[];
}

/** A group by name, which need not be one that can be read. */
export interface Reference {
  /** Under which spellings of the DN meet. */
  key: string;
  dn: string;
}

export interface Group extends Reference {
  /** What goes into the profile; undefined where the entry has nothing to name it by. */
  value: unknown;
}

/** A group with the groups it is a direct member of. */
export interface KnownGroup {
  /** Undefined where there is no such entry, or none that the service account may read. */
  group: Group | undefined;
  parents: readonly (Reference | Group)[];
}

export function referenceTo(dn: string): Reference {
  return { key: dnKey(dn), dn };
}

/** Which attributes must be asked for. */
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
  if (properties.length === 0) return property.toLowerCase() === 'dn' ? entry.dn : (firstText(entry, property) ?? firstText(entry, 'cn'));
  const value: Record<string, unknown> = {};
  for (const name of properties) value[name] = rawAttribute(entry, name);
  return value;
}

/** @returns the values of these groups, each once */
export function groupValues(groups: Iterable<Pick<Group, 'value'>>): unknown[] {
  const seen = new Set<unknown>();
  const values: unknown[] = [];
  for (const { value } of groups) {
    if (value === undefined) continue;
    // Objects differ by what they hold, and two groups in different places may have the same name.
    const identity = typeof value === 'object' ? JSON.stringify(value) : value;
    if (seen.has(identity)) continue;
    seen.add(identity);
    values.push(value);
  }
  return values;
}
