/**
 * XML as tests read it: by a parser that is not ours, whose own types would bring those of browsers into the whole project.
 */
import { createRequire } from 'node:module';

export interface XmlElement {
  readonly tagName: string;
  readonly textContent: string | null;
  readonly parentNode: XmlElement | null;
  readonly childNodes: ArrayLike<XmlElement>;
  getAttribute(name: string): string | null;
  getElementsByTagName(name: string): ArrayLike<XmlElement>;
}

interface Parser {
  DOMParser: new () => { parseFromString(text: string, type: string): { documentElement: XmlElement } };
}

interface Judge {
  SignedXml: new (options: {
    publicCert: string;
    idAttribute: string;
  }) => { loadSignature(signature: XmlElement): void; checkSignature(xml: string): boolean; getSignedReferences(): string[] };
}

const require = createRequire(import.meta.url);
const parser: Parser = require('@xmldom/xmldom');
const judge: Judge = require('xml-crypto');

export function parseXml(text: string): XmlElement {
  return new parser.DOMParser().parseFromString(text, 'text/xml').documentElement;
}

/** @returns the elements that a signature covers, as xml-crypto sees it; undefined where the signature is not good */
export function signedParts(xml: string, certificatePem: string): string[] | undefined {
  const signature = parseXml(xml).getElementsByTagName('Signature')[0];
  if (signature === undefined) return undefined;
  const signed = new judge.SignedXml({ publicCert: certificatePem, idAttribute: 'AssertionID' });
  signed.loadSignature(signature);
  try {
    return signed.checkSignature(xml) ? signed.getSignedReferences() : undefined;
  } catch {
    return undefined;
  }
}
