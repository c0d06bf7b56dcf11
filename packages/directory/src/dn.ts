/** Distinguished names (RFC 4514), read, compared and written the way Active Directory does. */

export interface RdnPart {
  type: string;
  value: string;
}

/** Longer names are invalid. Active Directory's own limit is far lower. */
const MAX_DN_CHARACTERS = 16_384;

/** Ignores case, accents and width, as Active Directory does: it finds `Müller` by `MULLER`. */
export function foldText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII, so that the common case skips the Unicode tables
  if (/^[\u0000-\u007f]*$/.test(text)) return text.toLowerCase();
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/**
 * @returns the RDNs, leaf first, an empty list for the empty name; undefined if the text is not a DN. The parts of a
 *   multi-valued RDN (`CN=a+OU=b`) are in one list.
 */
export function splitDn(text: string): RdnPart[][] | undefined {
  if (text.length > MAX_DN_CHARACTERS) return undefined;
  if (text.trim() === '') return [];
  const parts: RdnPart[][] = [[]];
  let at = 0;
  for (;;) {
    const type = /^ *([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*) *= */.exec(text.slice(at, at + 300));
    if (type?.[1] === undefined) return undefined;
    const value = readValue(text, at + type[0].length);
    if (value === undefined) return undefined;
    parts.at(-1)?.push({ type: type[1], value: value.value });
    at = value.end;
    if (at >= text.length) return parts;
    // Old writers separate with semicolons (RFC 2253, section 4).
    if (text[at] === ',' || text[at] === ';') parts.push([]);
    at++;
  }
}

/** Reads up to an unescaped `,`, `;` or `+`. Hexadecimal pairs are bytes of UTF-8. */
function readValue(text: string, start: number): { value: string; end: number } | undefined {
  const bytes: Buffer[] = [];
  let at = start;
  let plainFrom = start;
  let trailingSpaces = 0;
  while (at < text.length && !',;+'.includes(text.charAt(at))) {
    const char = text.charAt(at);
    if (char === '"' || char === '<' || char === '>') return undefined;
    if (char !== '\\') {
      trailingSpaces = char === ' ' ? trailingSpaces + 1 : 0;
      at++;
      continue;
    }
    bytes.push(Buffer.from(text.slice(plainFrom, at)));
    const hex = /^[0-9A-Fa-f]{2}/.exec(text.slice(at + 1, at + 3));
    if (hex) bytes.push(Buffer.from(hex[0], 'hex'));
    else if (at + 1 < text.length && ' "#+,;<=>\\'.includes(text.charAt(at + 1))) bytes.push(Buffer.from(text.charAt(at + 1)));
    else return undefined;
    at += hex ? 3 : 2;
    plainFrom = at;
    trailingSpaces = 0;
  }
  bytes.push(Buffer.from(text.slice(plainFrom, at - trailingSpaces)));
  const value = Buffer.concat(bytes).toString('utf8');
  return value === '' ? undefined : { value, end: at };
}

/** One text for all spellings of a DN, to compare and index by; undefined if the text is not a DN. */
export function dnIndexKey(text: string): string | undefined {
  const parts = splitDn(text);
  return parts?.map(rdnKey).join(',');
}

function rdnKey(rdn: RdnPart[]): string {
  return rdn
    .map(({ type, value }) => `${type.toLowerCase()}=${escapeDnValue(foldText(value.trim().replace(/ +/g, ' ')))}`)
    .sort()
    .join('+');
}

/** Escapes a value for a DN as Active Directory does, which is a little more than RFC 4514 requires. */
export function escapeDnValue(value: string): string {
  return value
    .replace(/^[ #]| $|[,\\+"<>;=]/g, (char) => `\\${char}`)
    .replace(/[\n\r\0]/g, (char) => `\\${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
