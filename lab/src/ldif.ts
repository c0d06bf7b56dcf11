/** Entries, and changes of entries, as text (RFC 2849), and names for them (RFC 4514). */

export interface LdifEntry {
  dn: string;
  /** Operational attributes too: slapadd takes them as they stand. */
  attributes: Record<string, (string | Buffer)[]>;
}

/** @returns one LDIF record for each entry; every value in base64 unless it is plainly safe */
export function toLdif(entries: Iterable<LdifEntry>): string {
  const lines: string[] = [];
  for (const entry of entries) {
    lines.push(line('dn', entry.dn));
    for (const [name, values] of Object.entries(entry.attributes)) for (const value of values) lines.push(line(name, value));
    lines.push('');
  }
  return `${lines.join('\n')}\n`;
}

/** @returns one record for each entry, which replaces all values of the attributes named; none takes an attribute away */
export function toModifyLdif(changes: Iterable<LdifEntry>): string {
  const lines: string[] = [];
  for (const { dn, attributes } of changes) {
    lines.push(line('dn', dn), 'changetype: modify');
    for (const [name, values] of Object.entries(attributes)) {
      lines.push(`replace: ${name}`, ...values.map((value) => line(name, value)), '-');
    }
    lines.push('');
  }
  return `${lines.join('\n')}\n`;
}

function line(name: string, value: string | Buffer): string {
  if (typeof value === 'string' && /^[A-Za-z0-9{][\x21-\x7e ]*$/.test(value) && !value.endsWith(' ')) return `${name}: ${value}`;
  return `${name}:: ${Buffer.from(value).toString('base64')}`;
}

/** @returns the value as it stands in a DN (RFC 4514, section 2.4) */
export function escapeRdnValue(value: string): string {
  return value
    .replace(/["+,;<>\\]/g, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}
