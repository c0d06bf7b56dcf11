/**
 * Filters as replaced connectors took them, as RFC 4515 has them: parentheses within a value, in pairs or after a backslash, are escaped.
 * An administrator's filter only: nothing that a user types is part of its text.
 */

/** @returns the text with `\28` and `\29` in its values; the same text if nothing had to be escaped */
export function withEscapedValues(text: string): string {
  let result = '';
  let at = 0;
  while (at < text.length) {
    const item = /^\((?!\s*[&|!(])[^()=]*=/.exec(text.slice(at));
    if (item === null) {
      result += text[at++];
      continue;
    }
    result += item[0];
    at += item[0].length;
    for (let depth = 0; at < text.length; ) {
      const [char = '', next = ''] = [text[at], text[at + 1]];
      if (char === ')' && depth === 0) break;
      if (char === '\\' && (next === '(' || next === ')')) {
        result += next === '(' ? '\\28' : '\\29';
        at += 2;
        continue;
      }
      if (char === '(') depth++;
      if (char === ')') depth--;
      result += char === '(' ? '\\28' : char === ')' ? '\\29' : char;
      at++;
    }
  }
  return result;
}
