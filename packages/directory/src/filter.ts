/**
 * A search filter as it is sent (RFC 4511, section 4.5.1.7). Values stay bytes: ldapts' own parser turns them into text, which
 * corrupts a GUID, and follows nested filters without a limit.
 */
import { type BerReader, SearchFilter } from 'ldapts';
import { all, boolean, inside, MalformedMessage, octets, text } from './ber.ts';

export type FilterNode =
  | { type: 'and' | 'or'; filters: FilterNode[] }
  | { type: 'not'; filter: FilterNode }
  | { type: 'equal' | 'greaterOrEqual' | 'lessOrEqual'; attribute: string; value: Buffer }
  | { type: 'substrings'; attribute: string; initial: Buffer | undefined; any: Buffer[]; final: Buffer | undefined }
  | { type: 'present'; attribute: string }
  | { type: 'matchingRule'; rule: string | undefined; attribute: string | undefined; value: Buffer };

/** Real filters have a handful of levels. */
const MAX_DEPTH = 50;

const INITIAL = 0x80;
const ANY = 0x81;
const FINAL = 0x82;

/** @throws MalformedMessage */
export function readFilter(reader: BerReader, depth = 0): FilterNode {
  if (depth > MAX_DEPTH) throw new MalformedMessage(`a filter of more than ${MAX_DEPTH} levels`);
  const tag = reader.peek() ?? 0;
  switch (tag) {
    case SearchFilter.and:
    case SearchFilter.or: {
      const filters = all(inside(reader, tag), (inner) => readFilter(inner, depth + 1));
      return { type: tag === SearchFilter.and ? 'and' : 'or', filters };
    }
    case SearchFilter.not:
      return { type: 'not', filter: readFilter(inside(reader, tag), depth + 1) };
    case SearchFilter.equalityMatch:
    // Active Directory takes "approximately equal" as equal (MS-ADTS 3.1.1.3.1.3.1).
    case SearchFilter.approxMatch:
      return assertion('equal', inside(reader, tag));
    case SearchFilter.greaterOrEqual:
      return assertion('greaterOrEqual', inside(reader, tag));
    case SearchFilter.lessOrEqual:
      return assertion('lessOrEqual', inside(reader, tag));
    case SearchFilter.substrings:
      return readSubstrings(inside(reader, tag));
    case SearchFilter.present:
      return { type: 'present', attribute: text(reader, tag).toLowerCase() };
    case SearchFilter.extensibleMatch:
      return readMatchingRule(inside(reader, tag));
    default:
      throw new MalformedMessage(`a filter of tag 0x${tag.toString(16)}`);
  }
}

function assertion(type: 'equal' | 'greaterOrEqual' | 'lessOrEqual', reader: BerReader): FilterNode {
  return { type, attribute: text(reader).toLowerCase(), value: octets(reader) };
}

function readSubstrings(reader: BerReader): FilterNode {
  const filter: FilterNode = { type: 'substrings', attribute: text(reader).toLowerCase(), initial: undefined, any: [], final: undefined };
  const parts = inside(reader);
  while (parts.remain > 0) {
    const tag = parts.peek();
    if (tag === INITIAL) filter.initial = octets(parts, INITIAL);
    else if (tag === ANY) filter.any.push(octets(parts, ANY));
    else filter.final = octets(parts, FINAL);
  }
  return filter;
}

function readMatchingRule(reader: BerReader): FilterNode {
  const rule = reader.peek() === 0x81 ? text(reader, 0x81) : undefined;
  const attribute = reader.peek() === 0x82 ? text(reader, 0x82).toLowerCase() : undefined;
  const value = octets(reader, 0x83);
  // Whether DN parts count as attributes, which Active Directory ignores.
  if (reader.remain > 0) boolean(reader, 0x84);
  return { type: 'matchingRule', rule, attribute, value };
}
