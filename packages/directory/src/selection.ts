/** The attributes of an entry in an answer: those requested, and a range of a long list of values (MS-ADTS 3.1.1.3.1.3.3). */
import type { EntryAttributes } from './responses.ts';
import { UNREADABLE, type Value } from './schema.ts';

/** More values are sent in ranges (MaxValRange). */
const MAX_VALUE_RANGE = 1500;

/** Bounds the work for a request that names more attributes than any entry has. */
const MAX_REQUESTED = 1000;

export interface Readable {
  names(): string[];
  /** `name` in any case. */
  values(name: string): readonly Value[];
  spelling(name: string): string;
}

/** @param requested as sent: empty or `*` selects all, `1.1` none (RFC 4511, section 4.5.1.8), `member;range=1500-*` a range */
export function selectAttributes(source: Readable, requested: readonly string[], typesOnly: boolean): EntryAttributes[] {
  const chosen = new Map<string, EntryAttributes>();
  const take = (attribute: EntryAttributes) => {
    if (!chosen.has(attribute.name.toLowerCase())) chosen.set(attribute.name.toLowerCase(), attribute);
  };
  const names = requested.length === 0 ? ['*'] : requested.slice(0, MAX_REQUESTED);
  for (const name of names) {
    if (name === '*') for (const own of source.names()) takeWhole(own);
    else {
      const [base = '', ...options] = name.toLowerCase().split(';');
      const range = /^range=(\d{1,9})-(\*|\d{1,9})$/.exec(options.find((option) => option.startsWith('range=')) ?? '');
      if (range) takeRange(base, Number(range[1]), range[2] === '*' ? Number.POSITIVE_INFINITY : Number(range[2]));
      else takeWhole(base);
    }
  }
  return typesOnly ? [...chosen.values()].map(({ name }) => ({ name, values: [] })) : [...chosen.values()];

  function takeWhole(name: string): void {
    const values = readable(name);
    if (values.length === 0) return;
    if (values.length <= MAX_VALUE_RANGE) return take({ name: source.spelling(name), values });
    // Active Directory sends the attribute empty under its own name, and the first values under another.
    take({ name: source.spelling(name), values: [] });
    takeRange(name, 0, Number.POSITIVE_INFINITY);
  }

  function takeRange(name: string, from: number, to: number): void {
    const values = readable(name);
    if (from >= values.length || to < from) return;
    const end = Math.min(to + 1, from + MAX_VALUE_RANGE, values.length);
    // A star marks the last range.
    take({ name: `${source.spelling(name)};range=${from}-${end === values.length ? '*' : end - 1}`, values: values.slice(from, end) });
  }

  function readable(name: string): readonly Value[] {
    return UNREADABLE.has(name.toLowerCase()) ? [] : source.values(name);
  }
}
