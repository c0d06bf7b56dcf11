/**
 * Converts the filters that replaced connectors accepted to RFC 4515: escapes parentheses within a value, in pairs or after a backslash.
 * Only for an administrator's filter, never for text that a user typed.
 */

/** @returns the text with `\28` and `\29` in its values, or the same text if nothing needed escaping */
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
