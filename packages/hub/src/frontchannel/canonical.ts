/**
 * The canonical form of an element (Exclusive XML Canonicalization 1.0, for a tree without comments): the text that signatures are made
 * over. A fault in it can refuse a good token and let no bad one in: what it gives is believed only after its hash was found in a signature.
 */
import type { XmlAttribute, XmlElement, XmlName } from './xml.ts';

/** What is declared by the elements around, as they were written: from prefix to namespace. */
type Written = ReadonlyMap<string, string>;

/** @param without an element below that does not count: a signature is not over itself */
export function canonicalForm(element: XmlElement, without?: XmlElement): string {
  return write(element, new Map(), without);
}

function write(element: XmlElement, around: Written, without: XmlElement | undefined): string {
  const { attributes, content } = element;
  // Only what is used here, and is not known from around; an empty default only where another one was (section 3).
  const unknown = [element, ...attributes.filter(({ prefix }) => prefix !== '')].filter(
    ({ prefix, namespace }) => (around.get(prefix) ?? '') !== namespace,
  );
  const declared = new Map(unknown.map(({ prefix, namespace }) => [prefix, namespace]));
  const written = declared.size === 0 ? around : new Map([...around, ...declared]);
  let inside = '';
  for (const child of content) {
    if (child !== without) inside += typeof child === 'string' ? elementText(child) : write(child, written, without);
  }
  const name = nameOf(element);
  return `<${name}${declarationsText(declared)}${attributesText(attributes)}>${inside}</${name}>`;
}

function declarationsText(declared: Written): string {
  return [...declared]
    .sort(([a], [b]) => order(a, b))
    .map(([prefix, namespace]) => ` xmlns${prefix === '' ? '' : `:${prefix}`}="${attributeText(namespace)}"`)
    .join('');
}

function attributesText(attributes: readonly XmlAttribute[]): string {
  return attributes
    .toSorted((a, b) => order(a.namespace, b.namespace) || order(a.localName, b.localName))
    .map((attribute) => ` ${nameOf(attribute)}="${attributeText(attribute.value)}"`)
    .join('');
}

function nameOf({ prefix, localName }: XmlName): string {
  return prefix === '' ? localName : `${prefix}:${localName}`;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function elementText(text: string): string {
  return text.replace(/[&<>\r]/g, (c) => ESCAPES[c] ?? c);
}

function attributeText(text: string): string {
  return text.replace(/[&<"\t\n\r]/g, (c) => ESCAPES[c] ?? c);
}

/** Canonical XML 1.0, section 2.3. */
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};
