/**
 * XML from strange hands as a tree: first a look at every character, then the parser. What no token needs is refused before any parser
 * sees it: document types and with them entities, comments, CDATA sections, processing instructions. The parser alone would take much
 * that is no XML, and needs minutes for some of it.
 */
import { createRequire } from 'node:module';
import { CodedError } from '@landbridge/runtime';

/** What is used of the nodes of a document. */
export interface XmlNode {
  readonly nodeType: number;
  readonly firstChild: XmlNode | null;
  readonly nextSibling: XmlNode | null;
  readonly textContent: string | null;
}

export interface XmlElement extends XmlNode {
  readonly localName: string;
  readonly namespaceURI: string | null;
  /** @returns an empty text where there is no such attribute */
  getAttribute(name: string): string;
}

/** What is used of xml-crypto's `SignedXml`. */
export interface XmlSignature {
  /** What makes an element the one that a signature names. */
  idAttributes: string[];
  SignatureAlgorithms: Record<string, unknown>;
  HashAlgorithms: Record<string, unknown>;
  CanonicalizationAlgorithms: Record<string, unknown>;
  loadSignature(signature: XmlElement): void;
  getReferences(): { uri: string; transforms: readonly string[] }[];
  checkSignature(xml: string): boolean;
  /** The signed content in canonical form; what else stands in the document is not in it. */
  getSignedReferences(): string[];
}

interface XmlLibraries {
  DOMParser: new (options: {
    errorHandler: (level: string, message: string) => void;
  }) => {
    parseFromString(xml: string, type: string): XmlNode | undefined;
  };
  SignedXml: new (options: { publicCert: string; getCertFromKeyInfo: () => null }) => XmlSignature;
}

// Their own types bring those of browsers into the whole program, where `name` and `document` then exist for the compiler only.
const require = createRequire(import.meta.url);
const { DOMParser }: Pick<XmlLibraries, 'DOMParser'> = require('@xmldom/xmldom');
export const { SignedXml }: Pick<XmlLibraries, 'SignedXml'> = require('xml-crypto');

/** A token with the groups of thousands is a tenth of this. In UTF-16 units. */
const MAX_LENGTH = 512 * 1024;
const MAX_ELEMENTS = 20_000;
/** Tokens have ten levels. */
const MAX_DEPTH = 32;
const MAX_ATTRIBUTES_OF_ELEMENT = 32;

const NAME = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?';
const VALUE = '(?:"[^"<]*"|\'[^\'<]*\')';
// Each of these can match in one way only, so that no text takes long.
const DECLARATION = /^\uFEFF?(?:<\?xml\s[^?<>]*\?>)?\s*/;
const TAG = new RegExp(`<(?<end>/?)(?<name>${NAME})(?<attributes>(?:\\s+${NAME}\\s*=\\s*${VALUE})*)\\s*(?<empty>/?)>`, 'y');
const ATTRIBUTE = new RegExp(`\\s${NAME}\\s*=\\s*${VALUE}`, 'g');
const TEXT = /[^<]+/y;
const REFERENCE = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\dA-Fa-f]{1,6});)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 (section 2.2) has no others, as characters or as references
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

const ELEMENT = 1;
const TEXT_NODE = 3;

/**
 * @returns the root element
 * @throws CodedError XML_REFUSED, which says why and shows nothing of the text
 */
export function parseXml(given: string): { root: XmlElement; xml: string } {
  if (given.length > MAX_LENGTH) throw refused(`it has more than ${MAX_LENGTH} characters`);
  const xml = given.replace(DECLARATION, '').trimEnd();
  checkTags(xml);
  const document = new DOMParser({
    errorHandler: (_level, message) => {
      throw refused('it is not well-formed', message);
    },
  }).parseFromString(xml, 'text/xml');
  const [root, ...others] = document === undefined ? [] : childrenOf(document);
  if (root === undefined || others.length > 0) throw refused('it has not one root element');
  return { root, xml };
}

/** Tags that fit each other, with plain text between them, and nothing else. */
function checkTags(xml: string): void {
  if (FORBIDDEN.test(xml) || !xml.isWellFormed()) throw refused('it has characters that XML has not');
  if (REFERENCE.test(xml)) throw refused('it has entities of its own');
  const open: string[] = [];
  let elements = 0;
  let at = 0;
  while (at < xml.length) {
    TAG.lastIndex = at;
    const tag = TAG.exec(xml)?.groups;
    if (tag !== undefined) {
      const { end, name = '', attributes = '', empty } = tag;
      at = TAG.lastIndex;
      if (end === '/') {
        if (open.pop() !== name || attributes !== '' || empty === '/') throw refused('its tags do not fit each other');
      } else {
        if (open.length === 0 && elements > 0) throw refused('it has not one root element');
        if ((attributes.match(ATTRIBUTE)?.length ?? 0) > MAX_ATTRIBUTES_OF_ELEMENT) throw refused('an element has too many attributes');
        if (++elements > MAX_ELEMENTS) throw refused(`it has more than ${MAX_ELEMENTS} elements`);
        if (empty !== '/' && open.push(name) > MAX_DEPTH) throw refused(`it has more than ${MAX_DEPTH} levels`);
      }
      continue;
    }
    TEXT.lastIndex = at;
    if (open.length === 0 || !TEXT.test(xml)) {
      throw refused('it has something else than elements, attributes and text: comments, CDATA and document types are not taken');
    }
    at = TEXT.lastIndex;
  }
  if (open.length > 0 || elements === 0) throw refused('it is not complete');
}

export function childrenOf(parent: XmlNode): XmlElement[] {
  const children: XmlElement[] = [];
  for (let child = parent.firstChild; child !== null; child = child.nextSibling) if (isElement(child)) children.push(child);
  return children;
}

/** All elements below, at any depth. */
export function descendantsOf(parent: XmlNode): XmlElement[] {
  return childrenOf(parent).flatMap((child) => [child, ...descendantsOf(child)]);
}

export function isNamed(element: XmlElement, namespace: string, name: string): boolean {
  return element.namespaceURI === namespace && element.localName === name;
}

/** @throws CodedError XML_REFUSED where it holds anything but text */
export function textOf(element: XmlElement): string {
  for (let child = element.firstChild; child !== null; child = child.nextSibling) {
    if (child.nodeType !== TEXT_NODE) throw refused('there is something else where text is expected');
  }
  return element.textContent ?? '';
}

function isElement(node: XmlNode): node is XmlElement {
  return node.nodeType === ELEMENT;
}

function refused(why: string, cause?: unknown): CodedError {
  return new CodedError('XML_REFUSED', `The XML is refused: ${why}`, { cause });
}
