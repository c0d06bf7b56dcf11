/**
 * XML from strange hands as a tree. Taken are tags that fit each other, attributes, text and the five entities, which is all that a token
 * needs (XML 1.0 with Namespaces in XML 1.0). Document types and with them entities, comments, CDATA sections and processing instructions
 * are refused: what they mean is where programs that read the same text have differed. There are limits for everything, and no text takes
 * longer than its length says.
 */
import { CodedError } from '@landbridge/runtime';

/** The name of an element or attribute. */
export interface XmlName {
  /** Empty where there is none. */
  readonly prefix: string;
  readonly localName: string;
  /** Empty where it is in none. */
  readonly namespace: string;
}

export interface XmlAttribute extends XmlName {
  readonly value: string;
}

export interface XmlElement extends XmlName {
  /** Without declarations of namespaces. */
  readonly attributes: readonly XmlAttribute[];
  /** Elements and text, in their order. */
  readonly content: readonly (XmlElement | string)[];
}

/** A token with the groups of thousands is a tenth of this. In UTF-16 units. */
const MAX_LENGTH = 512 * 1024;
const MAX_ELEMENTS = 20_000;
/** Tokens have ten levels. */
const MAX_DEPTH = 32;
const MAX_ATTRIBUTES_OF_ELEMENT = 32;
/** That are declared at one place; tokens have five. */
const MAX_NAMESPACES = 16;

const NAME = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?';
const VALUE = '(?:"[^"<]*"|\'[^\'<]*\')';
const SPACE = '[ \\t\\n]';
// Each of these can match in one way only, so that no text takes long.
const DECLARATION = /^\uFEFF?(?:<\?xml\s[^?<>]*\?>)?\s*/;
const TAG = new RegExp(
  `<(?<end>/?)(?<name>${NAME})(?<attributes>(?:${SPACE}+${NAME}${SPACE}*=${SPACE}*${VALUE})*)${SPACE}*(?<empty>/?)>`,
  'y',
);
const ATTRIBUTE = new RegExp(`(?<name>${NAME})${SPACE}*=${SPACE}*(?<value>${VALUE})`, 'g');
const TEXT = /[^<]+/y;
const REFERENCE = /&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([\dA-Fa-f]{1,6}));/g;
const NO_REFERENCE = new RegExp(`&(?!${REFERENCE.source.slice(1)})`);
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 (section 2.2) has no others, as characters or as references
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** What is declared at one place, from prefix to namespace. */
type Scope = ReadonlyMap<string, string>;
interface Open {
  tag: string;
  scope: Scope;
  content: (XmlElement | string)[];
}

/**
 * @returns the root element
 * @throws CodedError XML_REFUSED, which says why and shows nothing of the text
 */
export function parseXml(given: string): XmlElement {
  if (given.length > MAX_LENGTH) throw refused(`it has more than ${MAX_LENGTH} characters`);
  // Section 2.11: a parser sees one kind of line end.
  const xml = given.replace(DECLARATION, '').trimEnd().replace(/\r\n?/g, '\n');
  if (FORBIDDEN.test(xml) || !xml.isWellFormed()) throw refused('it has characters that XML has not');
  if (NO_REFERENCE.test(xml)) throw refused('it has entities of its own');
  const document: Open = { tag: '', scope: new Map(), content: [] };
  const open = [document];
  let elements = 0;
  let at = 0;
  while (at < xml.length) {
    const inside = open.at(-1) ?? document;
    TAG.lastIndex = at;
    const tag = TAG.exec(xml)?.groups;
    if (tag === undefined) {
      TEXT.lastIndex = at;
      const text = inside === document ? undefined : TEXT.exec(xml)?.[0];
      // Section 2.4: `]]>` ends CDATA sections, and there are none.
      if (text === undefined || text.includes(']]>')) {
        throw refused('it has something else than elements, attributes and text: comments, CDATA and document types are not taken');
      }
      inside.content.push(withoutReferences(text));
      at += text.length;
      continue;
    }
    at = TAG.lastIndex;
    const { end, name = '', attributes = '', empty } = tag;
    if (end === '/') {
      if (open.length === 1 || inside.tag !== name || attributes !== '' || empty === '/') throw refused('its tags do not fit each other');
      open.pop();
      continue;
    }
    if (inside === document && elements > 0) throw refused('it has not one root element');
    if (++elements > MAX_ELEMENTS) throw refused(`it has more than ${MAX_ELEMENTS} elements`);
    const { element, opened } = begin(name, attributes, inside.scope);
    inside.content.push(element);
    if (empty !== '/' && open.push(opened) - 1 > MAX_DEPTH) throw refused(`it has more than ${MAX_DEPTH} levels`);
  }
  const [root] = document.content;
  if (open.length > 1 || root === undefined || typeof root === 'string') throw refused('it is not complete');
  return root;
}

function begin(tag: string, attributesText: string, outer: Scope): { element: XmlElement; opened: Open } {
  const { scope, attributes } = attributesText === '' ? { scope: outer, attributes: [] } : readAttributes(attributesText, outer);
  const content: Open['content'] = [];
  return { element: { ...nameOf(tag, scope, scope.get('') ?? ''), attributes, content }, opened: { tag, scope, content } };
}

function readAttributes(text: string, outer: Scope): { scope: Scope; attributes: XmlAttribute[] } {
  const all = Array.from(text.matchAll(ATTRIBUTE), ({ groups: { name = '', value = '' } = {} }) => ({
    name,
    // Section 3.3.3: line ends and tabs that are written as such are spaces.
    value: withoutReferences(value.slice(1, -1).replace(/[\t\n]/g, ' ')),
  }));
  if (all.length > MAX_ATTRIBUTES_OF_ELEMENT) throw refused('an element has too many attributes');
  const declarations = all.filter(({ name }) => name === 'xmlns' || name.startsWith('xmlns:'));
  const scope = declarations.length === 0 ? outer : new Map([...outer, ...declarations.map(declared)]);
  if (scope.size > MAX_NAMESPACES) throw refused(`it has more than ${MAX_NAMESPACES} namespaces at one place`);
  const attributes = all
    .filter((attribute) => !declarations.includes(attribute))
    // An attribute without a prefix is in no namespace, whatever the default is.
    .map(({ name, value }) => ({ ...nameOf(name, scope, ''), value }));
  const names = [...declarations.map(({ name }) => name), ...attributes.map(({ namespace, localName }) => `{${namespace}}${localName}`)];
  if (new Set(names).size < names.length) throw refused('an element has the same attribute twice');
  return { scope, attributes };
}

function declared({ name, value }: { name: string; value: string }): [prefix: string, namespace: string] {
  const prefix = name.slice('xmlns:'.length);
  // `xml` and `xmlns` need no declaration (Namespaces in XML 1.0, section 3), and no token needs them.
  if (/^xml/i.test(prefix) || (prefix !== '' && value === '')) throw refused('it declares a prefix that may not be declared so');
  return [prefix, value];
}

function nameOf(name: string, scope: Scope, unprefixed: string): XmlName {
  const colon = name.indexOf(':');
  if (colon < 0) return { prefix: '', localName: name, namespace: unprefixed };
  const prefix = name.slice(0, colon);
  const namespace = scope.get(prefix);
  if (namespace === undefined) throw refused('it has a prefix that is not declared');
  return { prefix, localName: name.slice(colon + 1), namespace };
}

function withoutReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (_, name: string | undefined, decimal: string | undefined, hexadecimal: string) => {
    if (name !== undefined) return ENTITIES[name] ?? '';
    const code = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal);
    const character = code > 0x10ffff ? '' : String.fromCodePoint(code);
    if (character === '' || FORBIDDEN.test(character) || !character.isWellFormed()) throw refused('it has characters that XML has not');
    return character;
  });
}

export function childrenOf({ content }: XmlElement): XmlElement[] {
  return content.filter((child) => typeof child !== 'string');
}

/** All elements below, at any depth. */
export function descendantsOf(parent: XmlElement): XmlElement[] {
  return childrenOf(parent).flatMap((child) => [child, ...descendantsOf(child)]);
}

export function isNamed(element: XmlElement, namespace: string, name: string): boolean {
  return element.namespace === namespace && element.localName === name;
}

/** @returns the value of an attribute in no namespace; an empty text where there is none */
export function attributeOf({ attributes }: XmlElement, name: string): string {
  return attributes.find(({ namespace, localName }) => namespace === '' && localName === name)?.value ?? '';
}

/** @throws CodedError XML_REFUSED where it holds anything but text */
export function textOf({ content }: XmlElement): string {
  const texts = content.filter((part) => typeof part === 'string');
  if (texts.length < content.length) throw refused('there is something else where text is expected');
  return texts.join('');
}

function refused(why: string): CodedError {
  return new CodedError('XML_REFUSED', `The XML is refused: ${why}`);
}
