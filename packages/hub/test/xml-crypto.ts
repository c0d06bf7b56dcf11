/**
 * XML and its signatures by others (xmldom, xml-crypto, as installed connectors use them), to judge what is written here. Their own types
 * would bring those of browsers into the whole project.
 */
import { createRequire } from 'node:module';
import type { Identity } from './foreign-connector.ts';

interface Document {
  readonly documentElement: object;
}

interface Libraries {
  DOMParser: new () => { parseFromString(text: string, type: string): Document };
  ExclusiveCanonicalization: new () => { process(node: object, options: object): { toString(): string } };
  SignedXml: new (options: {
    privateKey: string;
    publicCert: string;
    signatureAlgorithm: string;
    canonicalizationAlgorithm: string;
    idAttribute: string;
  }) => {
    addReference(reference: { xpath: string; transforms: string[]; digestAlgorithm: string }): void;
    computeSignature(xml: string, options: { prefix: string; location: { reference: string; action: 'after' } }): void;
    getSignedXml(): string;
  };
}

const require = createRequire(import.meta.url);
const { DOMParser }: Pick<Libraries, 'DOMParser'> = require('@xmldom/xmldom');
const { SignedXml, ExclusiveCanonicalization }: Omit<Libraries, 'DOMParser'> = require('xml-crypto');

const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';

/** @returns the root element in exclusive canonical form */
export function canonicalByOthers(xml: string): string {
  return new ExclusiveCanonicalization().process(new DOMParser().parseFromString(xml, 'text/xml').documentElement, {}).toString();
}

/** @param xml with one assertion, written in any way. @returns it, signed as installed connectors do */
export function signedByOthers(xml: string, { key, certificate }: Identity, prefix = ''): string {
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
