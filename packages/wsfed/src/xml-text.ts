/** Text in canonical XML (Canonical XML 1.0, section 2.3), so that the bytes that are signed are the bytes that are sent. */

/** XML 1.0 forbids these even as references (section 2.2). Unpaired surrogates are not characters either, see `isWellFormed`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 forbids control characters
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const ALL_FORBIDDEN = new RegExp(FORBIDDEN, 'g');

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

/** Whether XML can carry this text unchanged. */
export function fitsXml(text: string): boolean {
  return text.isWellFormed() && !FORBIDDEN.test(text);
}

/** @returns the text with U+FFFD in place of each character that XML cannot carry */
export function xmlCharacters(text: string): string {
  return text.toWellFormed().replace(ALL_FORBIDDEN, '\ufffd');
}

/** Escapes the content of an element. */
export function xmlText(text: string): string {
  return text.replace(/[&<>\r]/g, (c) => ESCAPES[c] ?? c);
}

/** Escapes an attribute value in double quotes. A parser would turn unescaped line ends into spaces. */
export function xmlAttribute(text: string): string {
  return text.replace(/[&<"\t\n\r]/g, (c) => ESCAPES[c] ?? c);
}
