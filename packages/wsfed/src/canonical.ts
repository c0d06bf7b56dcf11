/**
 * Exclusive XML Canonicalization 1.0 of a tree without comments: the text that signatures are computed over. A mistake here can reject a
 * good token but never accept a bad one, since the result counts only if a signature contains its hash.
 */
import type { XmlAttribute, XmlElement, XmlName } from './xml-reader.ts';
import { xmlAttribute, xmlText } from './xml-text.ts';

/** Declarations that enclosing elements have written: from prefix to namespace. */
type Written = ReadonlyMap<string, string>;

/** @param without a descendant to leave out: an enveloped signature does not cover itself */
export function canonicalForm(element: XmlElement, without?: XmlElement): string {
  return write(element, new Map(), without);
}

function write(element: XmlElement, enclosing: Written, without: XmlElement | undefined): string {
  const { attributes, content } = element;
  // Only prefixes used here and not yet declared; an empty default namespace only inside another one (section 3).
  const missing = [element, ...attributes.filter(({ prefix }) => prefix !== '')].filter(
    ({ prefix, namespace }) => (enclosing.get(prefix) ?? '') !== namespace,
  );
  const declared = new Map(missing.map(({ prefix, namespace }) => [prefix, namespace]));
  const written = declared.size === 0 ? enclosing : new Map([...enclosing, ...declared]);
  let inside = '';
  for (const child of content) {
    if (child !== without) inside += typeof child === 'string' ? xmlText(child) : write(child, written, without);
  }
  const name = qualifiedName(element);
  return `<${name}${declarationsText(declared)}${attributesText(attributes)}>${inside}</${name}>`;
}

function declarationsText(declared: Written): string {
  return [...declared]
    .sort(([a], [b]) => order(a, b))
    .map(([prefix, namespace]) => ` xmlns${prefix === '' ? '' : `:${prefix}`}="${xmlAttribute(namespace)}"`)
    .join('');
}

function attributesText(attributes: readonly XmlAttribute[]): string {
  return attributes
    .toSorted((a, b) => order(a.namespace, b.namespace) || order(a.localName, b.localName))
    .map((attribute) => ` ${qualifiedName(attribute)}="${xmlAttribute(attribute.value)}"`)
    .join('');
}

function qualifiedName({ prefix, localName }: XmlName): string {
  return prefix === '' ? localName : `${prefix}:${localName}`;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
