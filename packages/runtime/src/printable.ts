/**
 * Makes characters visible that a terminal or browser would obey instead of showing: they could move the cursor, forge a line, or reverse
 * the direction of the text after them. Each becomes `\\uXXXX`, as in JSON.
 */

const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** Without line ends and tabs, and without the joiners that emoji and Persian words need. */
const NOT_PRINTABLE_IN_LINES = /[\p{Bidi_Control}\p{Zl}\p{Zp}\u0080-\u009f]|(?![\t\n\r])\p{Cc}/gu;

/** @returns one line. Inside JSON, the escapes mean the same characters. */
export function printable(text: string): string {
  return text.replace(NOT_PRINTABLE, escaped);
}

/** For whole documents, such as pages: keeps line ends and tabs. */
export function printableLines(text: string): string {
  return text.replace(NOT_PRINTABLE_IN_LINES, escaped);
}

function escaped(character: string): string {
  let units = '';
  for (let at = 0; at < character.length; at++) units += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return units;
}
