/** Distinguished names as text (RFC 4514): parsing, formatting, and keys by which equal ones are found. */

export interface Rdn {
  /** In lower case, otherwise as written. */
  type: string;
  /** With escapes resolved. */
  value: string;
}

/**
 * @returns the relative names from the entry up to the root, a multi-valued one as several parts; undefined if the text is not a
 *   distinguished name
 */
export function parseDn(dn: string): Rdn[][] | undefined {
  const names: Rdn[][] = [];
  let position = 0;
  let current: Rdn[] = [];
  if (dn.trim() === '') return names;
  for (;;) {
    const equals = dn.indexOf('=', position);
    if (equals < 0) return undefined;
    const type = dn.slice(position, equals).trim().toLowerCase();
    if (!/^(?:[a-z][a-z0-9-]*|\d+(?:\.\d+)*)$/.test(type)) return undefined;
    const parsed = readValue(dn, equals + 1);
    if (parsed === undefined) return undefined;
    current.push({ type, value: parsed.value });
    position = parsed.end + 1;
    const separator = dn[parsed.end];
    if (separator === '+') continue;
    names.push(current);
    if (separator === undefined) return names;
    current = [];
  }
}

/** Reads up to an unescaped `,`, `;` or `+`. Unescaped spaces around the value are not part of it. */
function readValue(dn: string, start: number): { value: string; end: number } | undefined {
  let position = start;
  while (dn[position] === ' ') position++;
  if (dn[position] === '"') return readQuoted(dn, position + 1);
  const bytes: Buffer[] = [];
  let literal = '';
  let trailingSpaces = 0;
  for (; position < dn.length; position++) {
    const c = dn[position];
    if (c === ',' || c === '+' || c === ';') break;
    if (c !== '\\') {
      literal += c;
      trailingSpaces = c === ' ' ? trailingSpaces + 1 : 0;
      continue;
    }
    trailingSpaces = 0;
    const hex = /^[0-9a-fA-F]{2}/.exec(dn.slice(position + 1, position + 3))?.[0];
    if (hex !== undefined) {
      bytes.push(Buffer.from(literal), Buffer.from(hex, 'hex'));
      literal = '';
      position += 2;
    } else {
      const escaped = dn[position + 1];
      if (escaped === undefined) return undefined;
      literal += escaped;
      position++;
    }
  }
  if (trailingSpaces > 0) literal = literal.slice(0, -trailingSpaces);
  const value = bytes.length === 0 ? literal : Buffer.concat([...bytes, Buffer.from(literal)]).toString();
  return { value, end: position };
}

/** The quoted form of RFC 2253's predecessors, which LDAPv3 servers still accept. */
function readQuoted(dn: string, start: number): { value: string; end: number } | undefined {
  let value = '';
  for (let position = start; position < dn.length; position++) {
    const c = dn[position];
    if (c === '\\') value += dn[++position] ?? '';
    else if (c === '"') {
      let end = position + 1;
      while (dn[end] === ' ') end++;
      return { value, end };
    } else value += c;
  }
  return undefined;
}

/**
 * A key that is the same for different spellings of a name: the case of ASCII letters, spaces around separators and the form of escapes do
 * not matter. Everything else does, since servers differ in what they consider equal (dotless i, final sigma, accents, composed and
 * decomposed letters): two names that a server keeps apart never share a key, but two that it considers equal may have different ones.
 */
export function dnKey(dn: string): string {
  // Most names need no parsing, and this runs for each group of each sign-in.
  if (!/[\\"]|[,;+=] | [,;+=]/.test(dn)) return lowerAscii(dn);
  const names = parseDn(dn);
  if (names === undefined) return lowerAscii(dn);
  return names
    .map((parts) => parts.map(({ type, value }) => `${type}=${lowerAscii(value).replace(/[\\,+=;"]/g, '\\$&')}`).join('+'))
    .join(',');
}

function lowerAscii(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII, for which the built-in function is enough
  if (/^[\u0000-\u007f]*$/.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether the entry of one key is the other's or below it; everything is below the empty name. */
export function isWithin(key: string, baseKey: string): boolean {
  if (key === baseKey || baseKey === '') return true;
  if (!key.endsWith(`,${baseKey}`)) return false;
  // A comma after an odd number of backslashes is part of a value: a group may be named "x,ou=groups".
  const backslashes = /\\*$/.exec(key.slice(0, -baseKey.length - 1))?.[0].length ?? 0;
  return backslashes % 2 === 0;
}

/** @returns the name as text, with its values escaped */
export function formatDn(names: readonly (readonly Rdn[])[]): string {
  return names.map((parts) => parts.map(({ type, value }) => `${type}=${escapeValue(value)}`).join('+')).join(',');
}

/** RFC 4514, section 2.4. */
function escapeValue(value: string): string {
  return value.replace(/["+,;<>=\\]|^[ #]| $/g, '\\$&').replaceAll('\0', '\\00');
}

/** The names of an entry's organizational units, nearest first. */
export function organizationalUnits(dn: string): string[] {
  return (parseDn(dn) ?? []).slice(1).flatMap((parts) => parts.filter(({ type }) => type === 'ou').map(({ value }) => value));
}
