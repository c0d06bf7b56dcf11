/** Text as XML that is canonical already (Canonical XML 1.0, section 2.3), so that what is signed is what is sent. */

/**
 * What XML 1.0 forbids even as a reference (section 2.2): a parser would refuse the whole document because of one such character.
 * Halves of a surrogate pair are no characters at all; `toWellFormed` takes those.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const ALL_FORBIDDEN = new RegExp(FORBIDDEN, 'g');

/** Whether XML can carry this text as it is. */
export function fitsXml(text: string): boolean {
  return text.isWellFormed() && !FORBIDDEN.test(text);
}

/** For the content of an element. What XML cannot carry becomes U+FFFD. */
export function xmlText(text: string): string {
  return carried(text).replace(/[&<>\r]/g, (c) => TEXT_ESCAPES[c] ?? c);
}

/** For the value of an attribute in double quotes. Line ends stay line ends, where a parser would make spaces of them. */
export function xmlAttribute(text: string): string {
  return carried(text).replace(/[&<"\t\n\r]/g, (c) => ATTRIBUTE_ESCAPES[c] ?? c);
}

const TEXT_ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' };
const ATTRIBUTE_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

function carried(text: string): string {
  return text.toWellFormed().replace(ALL_FORBIDDEN, '\ufffd');
}
