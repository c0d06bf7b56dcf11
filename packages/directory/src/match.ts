/**
 * Whether an entry matches a filter by the rules of Active Directory (MS-ADTS 3.1.1.3.1.3): true, false or undefined (an unknown attribute
 * or an invalid value), with its matching rules and name resolution. Compiled once per search, tested for each entry.
 */

import { foldText } from './dn.ts';
import type { Domain } from './domain.ts';
import type { FilterNode } from './filter.ts';
import { syntaxOf, type Value, valueKey } from './schema.ts';
import type { DirectoryEntry } from './tree.ts';

export interface Matcher {
  /** Undefined is neither true nor false, and `not` does not change it. */
  test(entry: DirectoryEntry): boolean | undefined;
  /** A superset of the matches; undefined if the whole tree has to be searched. */
  candidates: Iterable<DirectoryEntry> | undefined;
}

/** MS-ADTS 3.1.1.3.4.4 */
const BIT_AND = '1.2.840.113556.1.4.803';
const BIT_OR = '1.2.840.113556.1.4.804';
const IN_CHAIN = '1.2.840.113556.1.4.1941';

/** Where ambiguous name resolution looks (MS-ADTS 3.1.1.3.1.3.4). */
const ANR_ATTRIBUTES = [
  'displayName',
  'givenName',
  'legacyExchangeDN',
  'mail',
  'name',
  'physicalDeliveryOfficeName',
  'proxyAddresses',
  'sAMAccountName',
  'sn',
];

/** Short names that stand for a category in `(objectCategory=person)`. */
const CATEGORIES: Readonly<Record<string, string>> = {
  computer: 'Computer',
  contact: 'Person',
  container: 'Container',
  domaindns: 'Domain-DNS',
  group: 'Group',
  organizationalperson: 'Person',
  organizationalunit: 'Organizational-Unit',
  person: 'Person',
  user: 'Person',
};

const UNDEFINED: Matcher = { test: () => undefined, candidates: [] };

export function compile(domain: Domain, filter: FilterNode): Matcher {
  const { tree } = domain;
  switch (filter.type) {
    case 'and':
      return all(filter.filters.map((inner) => compile(domain, inner)));
    case 'or':
      return any(filter.filters.map((inner) => compile(domain, inner)));
    case 'not': {
      const inner = compile(domain, filter.filter);
      return { test: (entry) => negated(inner.test(entry)), candidates: undefined };
    }
    case 'present':
      if (!tree.knows(filter.attribute)) return UNDEFINED;
      return { test: (entry) => tree.values(entry, filter.attribute).length > 0, candidates: undefined };
    case 'equal':
      return filter.attribute === 'anr' ? resolveName(domain, filter.value.toString()) : equal(domain, filter.attribute, filter.value);
    case 'substrings':
      return filter.attribute === 'anr' ? resolveName(domain, filter.initial?.toString() ?? '') : substrings(domain, filter);
    case 'greaterOrEqual':
    case 'lessOrEqual':
      return ordered(domain, filter.type, filter.attribute, filter.value);
    case 'matchingRule':
      return byRule(domain, filter.rule, filter.attribute, filter.value);
  }
}

function negated(result: boolean | undefined): boolean | undefined {
  return result === undefined ? undefined : !result;
}

function all(parts: readonly Matcher[]): Matcher {
  return {
    test: (entry) => decided(parts, entry, false),
    // The candidates of any part contain all matches. The first part decides, because counting candidates would read them all.
    candidates: parts.find((part) => part.candidates !== undefined)?.candidates,
  };
}

function any(parts: readonly Matcher[]): Matcher {
  const lists: Iterable<DirectoryEntry>[] = [];
  for (const part of parts) if (part.candidates !== undefined) lists.push(part.candidates);
  return {
    test: (entry) => decided(parts, entry, true),
    candidates: lists.length === parts.length ? new Set(lists.flatMap((list) => [...list])) : undefined,
  };
}

/** @param decisive the result of one part that is the result of all: false for "and", true for "or" */
function decided(parts: readonly Matcher[], entry: DirectoryEntry, decisive: boolean): boolean | undefined {
  let result: boolean | undefined = !decisive;
  for (const part of parts) {
    const one = part.test(entry);
    if (one === decisive) return decisive;
    if (one === undefined) result = undefined;
  }
  return result;
}

function equal(domain: Domain, attribute: string, value: Value): Matcher {
  const { tree } = domain;
  if (!tree.knows(attribute)) return UNDEFINED;
  const key = attribute === 'objectcategory' ? categoryKey(domain, value.toString()) : valueKey(attribute, value);
  if (key === undefined) return UNDEFINED;
  // Links are stored as links, so both directions are found without searching the tree.
  if (attribute === 'member' || attribute === 'memberof') {
    const other = tree.find(value.toString());
    const entries = other === undefined ? new Set<DirectoryEntry>() : attribute === 'member' ? other.memberOf : other.members;
    return { test: (entry) => entries.has(entry), candidates: entries };
  }
  if (attribute === 'distinguishedname') {
    const named = tree.find(value.toString());
    return { test: (entry) => entry === named, candidates: named === undefined ? [] : [named] };
  }
  return {
    test: (entry) => tree.values(entry, attribute).some((own) => valueKey(attribute, own) === key),
    candidates: tree.withValue(attribute, key),
  };
}

function categoryKey(domain: Domain, value: string): string | undefined {
  const category = CATEGORIES[value.toLowerCase()];
  return valueKey('objectcategory', category === undefined ? value : `CN=${category},CN=Schema,CN=Configuration,${domain.baseDn}`);
}

function substrings(domain: Domain, filter: Extract<FilterNode, { type: 'substrings' }>): Matcher {
  const { tree } = domain;
  const { attribute } = filter;
  // Only texts have substrings; Active Directory finds nothing by part of a DN either.
  if (!tree.knows(attribute) || syntaxOf(attribute) !== 'text') return UNDEFINED;
  const initial = foldText(filter.initial?.toString() ?? '');
  const middle = filter.any.map((part) => foldText(part.toString()));
  const final = foldText(filter.final?.toString() ?? '');
  return { test: (entry) => tree.values(entry, attribute).some((value) => fits(foldText(value.toString()))), candidates: undefined };

  function fits(text: string): boolean {
    if (!text.startsWith(initial)) return false;
    let at = initial.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return text.length - at >= final.length && text.endsWith(final);
  }
}

function ordered(domain: Domain, type: 'greaterOrEqual' | 'lessOrEqual', attribute: string, value: Buffer): Matcher {
  const { tree } = domain;
  const syntax = syntaxOf(attribute);
  const key = valueKey(attribute, value);
  if (!tree.knows(attribute) || key === undefined || syntax === 'dn' || syntax === 'octets') return UNDEFINED;
  const compare = (own: string): number => (syntax === 'integer' ? Number(BigInt(own) - BigInt(key)) : own < key ? -1 : own > key ? 1 : 0);
  return {
    test: (entry) =>
      tree.values(entry, attribute).some((own) => {
        const ownKey = valueKey(attribute, own);
        return ownKey !== undefined && (type === 'greaterOrEqual' ? compare(ownKey) >= 0 : compare(ownKey) <= 0);
      }),
    candidates: undefined,
  };
}

function byRule(domain: Domain, rule: string | undefined, attribute: string | undefined, value: Buffer): Matcher {
  if (attribute === undefined) return UNDEFINED;
  switch (rule) {
    case undefined:
      return equal(domain, attribute, value);
    case BIT_AND:
    case BIT_OR:
      return bits(domain, rule, attribute, value);
    case IN_CHAIN:
      return inChain(domain, attribute, value);
    default:
      return UNDEFINED;
  }
}

function bits(domain: Domain, rule: string, attribute: string, value: Buffer): Matcher {
  const key = syntaxOf(attribute) === 'integer' ? valueKey(attribute, value) : undefined;
  if (key === undefined) return UNDEFINED;
  // As 64 bits: groupType is negative if its highest bit, "security group", is set.
  const mask = BigInt.asUintN(64, BigInt(key));
  return {
    test: (entry) =>
      domain.tree.values(entry, attribute).some((own) => {
        const common = BigInt.asUintN(64, BigInt(valueKey(attribute, own) ?? 0)) & mask;
        return rule === BIT_AND ? common === mask : common !== 0n;
      }),
    candidates: undefined,
  };
}

/** The groups above an entry, or the entries below a group, through any number of groups between. */
function inChain(domain: Domain, attribute: string, value: Buffer): Matcher {
  if (attribute !== 'member' && attribute !== 'memberof') return UNDEFINED;
  const start = domain.tree.find(value.toString());
  const found = new Set<DirectoryEntry>();
  const next = start === undefined ? [] : [start];
  for (let entry = next.pop(); entry !== undefined; entry = next.pop()) {
    for (const linked of attribute === 'member' ? entry.memberOf : entry.members) {
      // Groups can contain each other in a circle.
      if (!found.has(linked)) {
        found.add(linked);
        next.push(linked);
      }
    }
  }
  return { test: (entry) => found.has(entry), candidates: found };
}

/** `anr`: the beginning of one of the names, or of given name and surname in either order; a leading `=` requires the whole name. */
function resolveName(domain: Domain, given: string): Matcher {
  const { tree } = domain;
  const exact = given.startsWith('=');
  const term = foldText(exact ? given.slice(1) : given).trim();
  if (term === '') return UNDEFINED;
  const matches = (value: Value, part: string) =>
    exact ? foldText(value.toString()) === part : foldText(value.toString()).startsWith(part);
  const has = (entry: DirectoryEntry, name: string, part: string) => tree.values(entry, name).some((value) => matches(value, part));
  const space = term.indexOf(' ');
  const first = term.slice(0, space);
  const rest = term.slice(space + 1).trimStart();
  return {
    test: (entry) =>
      ANR_ATTRIBUTES.some((name) => has(entry, name, term)) ||
      (space > 0 &&
        ((has(entry, 'givenName', first) && has(entry, 'sn', rest)) || (has(entry, 'givenName', rest) && has(entry, 'sn', first)))),
    candidates: undefined,
  };
}
