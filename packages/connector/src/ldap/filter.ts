/**
 * Search filters (RFC 4515), prepared: a filter in the settings is parsed once, with `{0}` in its values as a placeholder. The value is
 * inserted as bytes when the request is written and is never parsed as filter syntax, so nothing that a user types can change a filter's
 * meaning.
 */
import type { BerWriter } from '../asn1/ber-writer.ts';
import { LdapError } from './errors.ts';

/** The placeholder `{0}` in a value. */
const SLOT = Symbol('{0}');
type Value = (Buffer | typeof SLOT)[];

export type Filter =
  | { type: 'and' | 'or'; filters: readonly Filter[] }
  | { type: 'not'; filter: Filter }
  | { type: 'equality' | 'greaterOrEqual' | 'lessOrEqual' | 'approx'; attribute: string; value: Value }
  | { type: 'substrings'; attribute: string; initial: Value | undefined; any: Value[]; final: Value | undefined }
  | { type: 'present'; attribute: string }
  | { type: 'extensible'; rule: string; attribute: string; dnAttributes: boolean; value: Value };

/** A parsed filter with the value for its `{0}`. */
export interface BoundFilter {
  filter: Filter;
  value: Buffer;
}

/** Deeper than any filter written by hand; it keeps the parser's recursion shallow. */
const MAX_DEPTH = 64;

/**
 * @param text a filter of RFC 4515, with or without the outer parentheses; values may contain `{0}`
 * @throws LDAP_FILTER_INVALID with the position of the error
 */
export function parseFilter(text: string): Filter {
  const trimmed = text.trim();
  const source = trimmed.startsWith('(') ? trimmed : `(${trimmed})`;
  const parser = new FilterTextParser(source);
  const filter = parser.filter(0);
  if (parser.position < source.length) parser.fail('there is text after the end');
  return filter;
}

/** @returns the filter with the value for its `{0}` */
export function withValue(filter: Filter, value: string | Buffer): BoundFilter {
  return { filter, value: typeof value === 'string' ? Buffer.from(value) : value };
}

/** One filter for several bound ones: matches what any of them matches. */
export function anyOf(filters: readonly BoundFilter[]): BoundFilter {
  if (filters.length === 1 && filters[0] !== undefined) return filters[0];
  return { filter: { type: 'or', filters: filters.map(({ filter, value }) => fill(filter, value)) }, value: Buffer.alloc(0) };
}

function fill(filter: Filter, slot: Buffer): Filter {
  const filled = (value: Value): Value => [joined(value, slot)];
  switch (filter.type) {
    case 'and':
    case 'or':
      return { ...filter, filters: filter.filters.map((inner) => fill(inner, slot)) };
    case 'not':
      return { ...filter, filter: fill(filter.filter, slot) };
    case 'substrings':
      return {
        ...filter,
        initial: filter.initial && filled(filter.initial),
        any: filter.any.map(filled),
        final: filter.final && filled(filter.final),
      };
    case 'present':
      return filter;
    case 'equality':
    case 'greaterOrEqual':
    case 'lessOrEqual':
    case 'approx':
    case 'extensible':
      return { ...filter, value: filled(filter.value) };
  }
}

/**
 * Decodes the escapes of RFC 4515. Characters that should have been escaped but were not are kept: they can no longer become syntax.
 *
 *
 * @returns undefined if a backslash is not followed by two hexadecimal digits
 */
export function unescapeValue(text: string): Buffer | undefined {
  if (!text.includes('\\')) return Buffer.from(text);
  if (/\\(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const parts: Buffer[] = [];
  for (const part of text.split(/((?:\\[0-9a-fA-F]{2})+)/)) {
    parts.push(part.startsWith('\\') ? Buffer.from(part.replaceAll('\\', ''), 'hex') : Buffer.from(part));
  }
  return Buffer.concat(parts);
}

/** Whether the filter uses this matching rule anywhere. */
export function usesRule(filter: Filter, oid: string): boolean {
  switch (filter.type) {
    case 'and':
    case 'or':
      return filter.filters.some((inner) => usesRule(inner, oid));
    case 'not':
      return usesRule(filter.filter, oid);
    case 'extensible':
      return filter.rule === oid;
    case 'equality':
    case 'greaterOrEqual':
    case 'lessOrEqual':
    case 'approx':
    case 'substrings':
    case 'present':
      return false;
  }
}

// Context tags of the Filter CHOICE, RFC 4511 section 4.5.1.
const FILTER_TAG = {
  and: 0xa0,
  or: 0xa1,
  not: 0xa2,
  equality: 0xa3,
  substrings: 0xa4,
  greaterOrEqual: 0xa5,
  lessOrEqual: 0xa6,
  present: 0x87,
  approx: 0xa8,
  extensible: 0xa9,
} as const;

/** Writes the filter, with `slot` in place of `{0}`. */
export function writeFilter(writer: BerWriter, filter: Filter, slot: Buffer): void {
  const tag = FILTER_TAG[filter.type];
  if (filter.type === 'present') return writer.writeString(filter.attribute, tag);
  writer.startSequence(tag);
  switch (filter.type) {
    case 'and':
    case 'or':
      for (const inner of filter.filters) writeFilter(writer, inner, slot);
      break;
    case 'not':
      writeFilter(writer, filter.filter, slot);
      break;
    case 'substrings':
      writer.writeString(filter.attribute);
      writer.startSequence();
      if (filter.initial) writer.writeBuffer(joined(filter.initial, slot), 0x80);
      for (const part of filter.any) writer.writeBuffer(joined(part, slot), 0x81);
      if (filter.final) writer.writeBuffer(joined(filter.final, slot), 0x82);
      writer.endSequence();
      break;
    case 'extensible':
      if (filter.rule) writer.writeString(filter.rule, 0x81);
      if (filter.attribute) writer.writeString(filter.attribute, 0x82);
      writer.writeBuffer(joined(filter.value, slot), 0x83);
      if (filter.dnAttributes) writer.writeBoolean(true, 0x84);
      break;
    case 'equality':
    case 'greaterOrEqual':
    case 'lessOrEqual':
    case 'approx':
      writer.writeString(filter.attribute);
      writer.writeBuffer(joined(filter.value, slot));
      break;
    default:
      filter satisfies never;
  }
  writer.endSequence();
}

function joined(value: Value, slot: Buffer): Buffer {
  const [only] = value;
  if (value.length === 1 && only !== undefined) return only === SLOT ? slot : only;
  return Buffer.concat(value.map((part) => (part === SLOT ? slot : part)));
}

/** An attribute description: a name or an OID, with options (RFC 4512, section 2.5). */
const ATTRIBUTE = /[A-Za-z][A-Za-z0-9-]*(?:;[A-Za-z0-9-]+)*|\d+(?:\.\d+)+(?:;[A-Za-z0-9-]+)*/y;
const EXTENSIBLE = /(?<dn>:dn)?(?::(?<rule>[A-Za-z0-9.-]+))?:=/iy;
const OPERATOR = /=|>=|<=|~=/y;

class FilterTextParser {
  position = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  filter(depth: number): Filter {
    if (depth > MAX_DEPTH) this.fail('it is nested too deeply');
    this.#expect('(');
    const filter = this.#inside(depth);
    this.#expect(')');
    return filter;
  }

  fail(reason: string): never {
    throw new LdapError(
      'LDAP_FILTER_INVALID',
      `${JSON.stringify(this.#text)} is not a search filter: ${reason} at character ${this.position + 1}`,
      {
        action: 'Use the syntax of RFC 4515, for example (&(objectClass=person)(uid={0}))',
      },
    );
  }

  #inside(depth: number): Filter {
    this.#skipSpace();
    switch (this.#text[this.position]) {
      case '&':
        return { type: 'and', filters: this.#list(depth) };
      case '|':
        return { type: 'or', filters: this.#list(depth) };
      case '!': {
        this.position++;
        this.#skipSpace();
        const filter = this.filter(depth + 1);
        this.#skipSpace();
        return { type: 'not', filter };
      }
      default:
        return this.#item();
    }
  }

  #list(depth: number): Filter[] {
    this.position++;
    const filters: Filter[] = [];
    this.#skipSpace();
    while (this.#text[this.position] === '(') {
      filters.push(this.filter(depth + 1));
      this.#skipSpace();
    }
    return filters;
  }

  #item(): Filter {
    const attribute = this.#match(ATTRIBUTE)?.[0] ?? '';
    const extensible = this.#match(EXTENSIBLE);
    if (extensible) {
      const rule = extensible.groups?.rule ?? '';
      if (!attribute && !rule) this.fail('an attribute or a matching rule is missing');
      return { type: 'extensible', attribute, rule, dnAttributes: extensible.groups?.dn !== undefined, value: this.#value() };
    }
    if (!attribute) this.fail('an attribute name is missing');
    switch (this.#match(OPERATOR)?.[0]) {
      case '=':
        return this.#equality(attribute);
      case '>=':
        return { type: 'greaterOrEqual', attribute, value: this.#value() };
      case '<=':
        return { type: 'lessOrEqual', attribute, value: this.#value() };
      case '~=':
        return { type: 'approx', attribute, value: this.#value() };
      default:
        return this.fail('=, >=, <=, ~= or := is missing');
    }
  }

  #equality(attribute: string): Filter {
    const parts = [this.#value()];
    while (this.#text[this.position] === '*') {
      this.position++;
      parts.push(this.#value());
    }
    const [first = []] = parts;
    if (parts.length === 1) return { type: 'equality', attribute, value: first };
    const last = parts.at(-1) ?? [];
    const any = parts.slice(1, -1).filter((part) => part.length > 0);
    if (first.length === 0 && last.length === 0 && any.length === 0) return { type: 'present', attribute };
    return { type: 'substrings', attribute, initial: first.length > 0 ? first : undefined, any, final: last.length > 0 ? last : undefined };
  }

  /** A value up to `)` or `*`. */
  #value(): Value {
    const value: Value = [];
    const end = (() => {
      for (let i = this.position; i < this.#text.length; i++) {
        const c = this.#text[i];
        if (c === ')' || c === '*') return i;
        if (c === '(') {
          this.position = i;
          this.fail('"(" in a value must be written \\28');
        }
      }
      this.position = this.#text.length;
      return this.fail('")" is missing');
    })();
    const text = this.#text.slice(this.position, end);
    for (const [index, part] of text.split('{0}').entries()) {
      if (index > 0) value.push(SLOT);
      if (part === '') continue;
      const bytes = unescapeValue(part);
      if (bytes === undefined) this.fail('a backslash must be followed by two hexadecimal digits');
      value.push(bytes);
    }
    this.position = end;
    return value;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.#text);
    if (match) this.position = pattern.lastIndex;
    return match ?? undefined;
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.position] ?? '')) this.position++;
  }

  #expect(character: string): void {
    if (this.#text[this.position] !== character) this.fail(`"${character}" is missing`);
    this.position++;
  }
}

export const ANY_ENTRY = withValue(parseFilter('(objectClass=*)'), '');
