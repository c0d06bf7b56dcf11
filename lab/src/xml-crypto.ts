/**
 * XML and its signatures by xmldom and xml-crypto, the libraries of replaced connectors, to judge our own. Declared here by hand, because
 * their types would bring those of browsers into the whole project.
 */
import type { KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';

export interface DomElement {
  readonly tagName: string;
  readonly textContent: string | null;
  readonly parentNode: DomElement | null;
  readonly childNodes: ArrayLike<DomElement>;
  getAttribute(name: string): string | null;
  getElementsByTagName(name: string): ArrayLike<DomElement>;
}

interface Libraries {
  DOMParser: new () => { parseFromString(text: string, type: string): { documentElement: DomElement } };
  ExclusiveCanonicalization: new () => { process(node: DomElement, options: object): { toString(): string } };
  SignedXml: new (options: {
    privateKey?: string;
    publicCert: string;
    signatureAlgorithm?: string;
    canonicalizationAlgorithm?: string;
    idAttribute: string;
  }) => {
    addReference(reference: { xpath: string; transforms: string[]; digestAlgorithm: string }): void;
    computeSignature(xml: string, options: { prefix: string; location: { reference: string; action: 'after' } }): void;
    getSignedXml(): string;
    loadSignature(signature: DomElement): void;
    checkSignature(xml: string): boolean;
    getSignedReferences(): string[];
  };
}

const require = createRequire(import.meta.url);
const { DOMParser }: Pick<Libraries, 'DOMParser'> = require('@xmldom/xmldom');
const { SignedXml, ExclusiveCanonicalization }: Omit<Libraries, 'DOMParser'> = require('xml-crypto');

const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';

/** @returns the root element */
export function parseWithXmldom(xml: string): DomElement {
  return new DOMParser().parseFromString(xml, 'text/xml').documentElement;
}

/** @returns the root element in exclusive canonical form */
export function canonicalByXmlCrypto(xml: string): string {
  return new ExclusiveCanonicalization().process(parseWithXmldom(xml), {}).toString();
}

/** @param xml with one unsigned assertion, in any notation. @returns the document, signed as replaced connectors do */
export function signedByXmlCrypto(xml: string, { key, certificate }: { key: KeyObject; certificate: string }, prefix = ''): string {
  const signed = new SignedXml({
    privateKey: String(key.export({ type: 'pkcs8', format: 'pem' })),
    publicCert: `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: EXCLUSIVE,
    idAttribute: 'AssertionID',
  });
  signed.addReference({
    xpath: "//*[local-name(.)='Assertion']",
    transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', EXCLUSIVE],
    digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
  });
  signed.computeSignature(xml, { prefix, location: { reference: "//*[local-name(.)='AuthenticationStatement']", action: 'after' } });
  return signed.getSignedXml();
}

/** @returns the elements that the signature covers, according to xml-crypto; undefined if it does not verify */
export function signedReferences(xml: string, certificatePem: string): string[] | undefined {
  const signature = parseWithXmldom(xml).getElementsByTagName('Signature')[0];
  if (signature === undefined) return undefined;
  const signed = new SignedXml({ publicCert: certificatePem, idAttribute: 'AssertionID' });
  signed.loadSignature(signature);
  try {
    return signed.checkSignature(xml) ? signed.getSignedReferences() : undefined;
  } catch {
    return undefined;
  }
}
