/** One group as it is kept: the name it is answered with, and the groups it is a direct member of. */
import { dnKey } from '../../ldap/dn.ts';
import { allTexts, type Entry, firstText, rawAttribute } from '../../ldap/entry.ts';

export interface GroupSettings {
  /** The attribute that names a group in the profile. */
  property: string;
  /** Where not empty, each group is an object of these attributes. */
  properties: readonly string[];
}

export interface Group {
  dn: string;
  /** Under which spellings of the DN meet. */
  key: string;
  /** What goes into the profile. */
  value: unknown;
  /** Keys of the groups that the directory names in this one's `memberOf`. */
  memberOf: readonly string[];
}

/** Which attributes must be asked for. */
export function groupAttributes(settings: GroupSettings): string[] {
  const named = [...(settings.properties.length > 0 ? settings.properties : [settings.property])].filter(
    (name) => name.toLowerCase() !== 'dn',
  );
  return [...new Set(['cn', 'memberOf', ...named])];
}

/** @returns the group, with undefined as value where the entry has nothing to name it by */
export function readGroup(entry: Entry, settings: GroupSettings): Group {
  return { dn: entry.dn, key: dnKey(entry.dn), value: groupValue(entry, settings), memberOf: allTexts(entry, 'memberOf').map(dnKey) };
}

function groupValue(entry: Entry, { property, properties }: GroupSettings): unknown {
  if (properties.length === 0) return property.toLowerCase() === 'dn' ? entry.dn : (firstText(entry, property) ?? firstText(entry, 'cn'));
  const value: Record<string, unknown> = {};
  for (const name of properties) value[name] = rawAttribute(entry, name);
  return value;
}

/** @returns the values of these groups, each once */
export function groupValues(groups: Iterable<Group>): unknown[] {
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
