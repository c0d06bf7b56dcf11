/**
 * Reads untrusted XML into a tree. Supports what a token needs: elements, attributes, text and the five predefined entities (XML 1.0 with
 * Namespaces in XML 1.0). Rejects document types, entity declarations, comments, CDATA sections and processing instructions, which parsers
 * have interpreted differently. Everything is bounded, and parsing takes linear time.
 */
import { CodedError } from '@landbridge/runtime';
import { fitsXml } from './xml-text.ts';

/** The name of an element or attribute. */
export interface XmlName {
  /** Empty if there is none. */
  readonly prefix: string;
  readonly localName: string;
  /** Empty if there is none. */
  readonly namespace: string;
}

export interface XmlAttribute extends XmlName {
  readonly value: string;
}

export interface XmlElement extends XmlName {
  /** Without namespace declarations. */
  readonly attributes: readonly XmlAttribute[];
  /** Elements and text, in document order. */
  readonly content: readonly (XmlElement | string)[];
}

/** In UTF-16 units. A token with thousands of groups has a tenth of this. */
const MAX_LENGTH = 512 * 1024;
const MAX_ELEMENTS = 20_000;
/** Tokens have ten. */
const MAX_DEPTH = 32;
const MAX_ATTRIBUTES_OF_ELEMENT = 32;
/** In scope at one element; tokens have five. */
const MAX_NAMESPACES = 16;

const NAME = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?';
const VALUE = '(?:"[^"<]*"|\'[^\'<]*\')';
const SPACE = '[ \\t\\n]';
// Each of these can match in one way only, so backtracking stays linear.
const DECLARATION = /^\uFEFF?(?:<\?xml\s[^?<>]*\?>)?\s*/;
const TAG = new RegExp(
  `<(?<end>/?)(?<name>${NAME})(?<attributes>(?:${SPACE}+${NAME}${SPACE}*=${SPACE}*${VALUE})*)${SPACE}*(?<empty>/?)>`,
  'y',
);
const ATTRIBUTE = new RegExp(`(?<name>${NAME})${SPACE}*=${SPACE}*(?<value>${VALUE})`, 'g');
const TEXT = /[^<]+/y;
const REFERENCE = /&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([\dA-Fa-f]{1,6}));/g;
const NO_REFERENCE = new RegExp(`&(?!${REFERENCE.source.slice(1)})`);
const INVALID_CHARACTER = 'invalid character';
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The declarations in scope, from prefix to namespace. */
type Scope = ReadonlyMap<string, string>;
interface Open {
  tag: string;
  scope: Scope;
  content: (XmlElement | string)[];
}

/**
 * @returns the root element
 * @throws CodedError XML_REFUSED; its message quotes nothing of the text
 */
export function parseXml(given: string): XmlElement {
  if (given.length > MAX_LENGTH) throw rejected(`more than ${MAX_LENGTH} characters`);
  // Section 2.11: parsers normalise line ends.
  const xml = given.replace(DECLARATION, '').trimEnd().replace(/\r\n?/g, '\n');
  if (!fitsXml(xml)) throw rejected(INVALID_CHARACTER);
  if (NO_REFERENCE.test(xml)) throw rejected('unknown entity');
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
      // Section 2.4: text must not contain `]]>`.
      if (text === undefined || text.includes(']]>')) {
        throw rejected('something other than elements, attributes and text: comments, CDATA and document types are not supported');
      }
      inside.content.push(withoutReferences(text));
      at += text.length;
      continue;
    }
    at = TAG.lastIndex;
    const { end, name = '', attributes = '', empty } = tag;
    if (end === '/') {
      if (open.length === 1 || inside.tag !== name || attributes !== '' || empty === '/') throw rejected('mismatched tags');
      open.pop();
      continue;
    }
    if (inside === document && elements > 0) throw rejected('more than one root element');
    if (++elements > MAX_ELEMENTS) throw rejected(`more than ${MAX_ELEMENTS} elements`);
    const { element, opened } = begin(name, attributes, inside.scope);
    inside.content.push(element);
    if (empty !== '/' && open.push(opened) - 1 > MAX_DEPTH) throw rejected(`more than ${MAX_DEPTH} levels`);
  }
  const [root] = document.content;
  if (open.length > 1 || root === undefined || typeof root === 'string') throw rejected('incomplete document');
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
    // Section 3.3.3: unescaped line ends and tabs become spaces.
    value: withoutReferences(value.slice(1, -1).replace(/[\t\n]/g, ' ')),
  }));
  if (all.length > MAX_ATTRIBUTES_OF_ELEMENT) throw rejected('an element has too many attributes');
  const declarations = all.filter(({ name }) => name === 'xmlns' || name.startsWith('xmlns:'));
  const scope = declarations.length === 0 ? outer : new Map([...outer, ...declarations.map(declared)]);
  if (scope.size > MAX_NAMESPACES) throw rejected(`more than ${MAX_NAMESPACES} namespaces in scope`);
  const attributes = all
    .filter((attribute) => !declarations.includes(attribute))
    // The default namespace does not apply to attributes.
    .map(({ name, value }) => ({ ...nameOf(name, scope, ''), value }));
  const names = [...declarations.map(({ name }) => name), ...attributes.map(({ namespace, localName }) => `{${namespace}}${localName}`)];
  if (new Set(names).size < names.length) throw rejected('duplicate attribute');
  return { scope, attributes };
}

function declared({ name, value }: { name: string; value: string }): [prefix: string, namespace: string] {
  const prefix = name.slice('xmlns:'.length);
  // `xml` and `xmlns` are reserved (Namespaces in XML 1.0, section 3), and tokens do not use them.
  if (/^xml/i.test(prefix) || (prefix !== '' && value === '')) throw rejected('invalid namespace declaration');
  return [prefix, value];
}

function nameOf(name: string, scope: Scope, unprefixed: string): XmlName {
  const colon = name.indexOf(':');
  if (colon < 0) return { prefix: '', localName: name, namespace: unprefixed };
  const prefix = name.slice(0, colon);
  const namespace = scope.get(prefix);
  if (namespace === undefined) throw rejected('undeclared prefix');
  return { prefix, localName: name.slice(colon + 1), namespace };
}

function withoutReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (_, name: string | undefined, decimal: string | undefined, hexadecimal: string) => {
    if (name !== undefined) return ENTITIES[name] ?? '';
    const code = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal);
    const character = code > 0x10ffff ? '' : String.fromCodePoint(code);
    if (character === '' || !fitsXml(character)) throw rejected(INVALID_CHARACTER);
    return character;
  });
}

export function childrenOf({ content }: XmlElement): XmlElement[] {
  return content.filter((child) => typeof child !== 'string');
}

/** All descendants, in document order. */
export function descendantsOf(parent: XmlElement): XmlElement[] {
  return childrenOf(parent).flatMap((child) => [child, ...descendantsOf(child)]);
}

export function isNamed(element: XmlElement, namespace: string, name: string): boolean {
  return element.namespace === namespace && element.localName === name;
}

/** @returns the value of an attribute without a namespace; empty if there is none */
export function attributeOf({ attributes }: XmlElement, name: string): string {
  return attributes.find(({ namespace, localName }) => namespace === '' && localName === name)?.value ?? '';
}

/** @throws CodedError XML_REFUSED if it contains an element */
export function textContentOf({ content }: XmlElement): string {
  const texts = content.filter((part) => typeof part === 'string');
  if (texts.length < content.length) throw rejected('an element where text is expected');
  return texts.join('');
}

function rejected(why: string): CodedError {
  return new CodedError('XML_REFUSED', `XML rejected: ${why}`);
}
