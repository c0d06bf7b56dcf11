/** Entries and changes as LDIF (RFC 2849), and escaped names (RFC 4514). */

export interface LdifEntry {
  dn: string;
  /** May contain operational attributes, which slapadd accepts. */
  attributes: Record<string, (string | Buffer)[]>;
}

/** @returns one LDIF record per entry; values are in base64 unless plainly safe */
export function toLdif(entries: Iterable<LdifEntry>): string {
  const lines: string[] = [];
  for (const entry of entries) {
    lines.push(line('dn', entry.dn));
    for (const [name, values] of Object.entries(entry.attributes)) for (const value of values) lines.push(line(name, value));
    lines.push('');
  }
  return `${lines.join('\n')}\n`;
}

/** @returns one change record per entry, which replaces all values of the given attributes */
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

/** @returns the value escaped for a DN (RFC 4514, section 2.4) */
export function escapeRdnValue(value: string): string {
  return value
    .replace(/["+,;<>\\]/g, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}
