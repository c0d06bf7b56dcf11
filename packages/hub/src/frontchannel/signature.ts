/**
 * The signature over an assertion (XML Signature, RFC 3275): who made it, and what exactly was signed. Everything else is read from what
 * this gives back, and never from the document around it: whoever carries an answer can put other things there (signature wrapping).
 */
import { X509Certificate } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import type { RegisteredCertificate } from '../store/certificates.ts';
import { childrenOf, descendantsOf, isNamed, parseXml, SignedXml, textOf, type XmlElement, type XmlSignature } from './xml.ts';

const TRUST = 'http://schemas.xmlsoap.org/ws/2005/02/trust';
export const SAML = 'urn:oasis:names:tc:SAML:1.0:assertion';
const DSIG = 'http://www.w3.org/2000/09/xmldsig#';

const ENVELOPED = `${DSIG}enveloped-signature`;
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
/** The only ones that are taken. SHA-1 can be collided, and an HMAC would take the public certificate for its secret. */
const SIGNATURE_ALGORITHM = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const DIGEST_ALGORITHM = 'http://www.w3.org/2001/04/xmlenc#sha256';
const TRANSFORMS = [ENVELOPED, EXCLUSIVE];

/** The signer's, and perhaps its chain. */
const MAX_CERTIFICATES = 4;

export interface SignedAssertion {
  /** The root of a document that holds what was signed and nothing else. */
  assertion: XmlElement;
  id: string;
  signedBy: RegisteredCertificate;
}

/**
 * @param wresult a RequestSecurityTokenResponse around one assertion
 * @param certificates all of the connection
 * @throws CodedError ASSERTION_REFUSED, XML_REFUSED; the message is for operators
 */
export function readSignedAssertion(wresult: string, certificates: readonly RegisteredCertificate[]): SignedAssertion {
  const { root, xml } = parseXml(wresult);
  const { assertion, signature } = find(root);
  const signedBy = signerOf(signature, certificates);
  const checked = new SignedXml({ publicCert: signedBy.pem, getCertFromKeyInfo: () => null });
  allowOnly(checked);
  const id = assertion.getAttribute('AssertionID');
  const content = checkedContent(checked, signature, id, xml);
  const signed = parseXml(content).root;
  if (!isNamed(signed, SAML, 'Assertion') || signed.getAttribute('AssertionID') !== id) throw refused('the signature is not over it');
  return { assertion: signed, id, signedBy };
}

/** Exactly one assertion, exactly one signature, and each where it belongs. */
function find(root: XmlElement): { assertion: XmlElement; signature: XmlElement } {
  if (!isNamed(root, TRUST, 'RequestSecurityTokenResponse')) throw refused('the answer is not a RequestSecurityTokenResponse');
  const tokens = childrenOf(root).filter((child) => isNamed(child, TRUST, 'RequestedSecurityToken'));
  const [assertion, ...others] = tokens.flatMap(childrenOf);
  if (assertion === undefined || others.length > 0 || !isNamed(assertion, SAML, 'Assertion')) {
    throw refused('the answer does not hold exactly one SAML 1.1 assertion');
  }
  const [signature, ...otherSignatures] = childrenOf(assertion).filter((child) => isNamed(child, DSIG, 'Signature'));
  if (signature === undefined) throw refused('it is not signed');
  // By local names: also those that somebody hides under another namespace.
  const everything = descendantsOf(root);
  const count = (name: string) => everything.filter(({ localName }) => localName === name).length;
  if (otherSignatures.length > 0 || count('Signature') !== 1 || count('Assertion') !== 1) {
    throw refused('there is another assertion or signature in the answer');
  }
  return { assertion, signature };
}

/** The certificate in it only says which of the registered ones it was; what counts is the one that is registered. */
function signerOf(signature: XmlElement, certificates: readonly RegisteredCertificate[]): RegisteredCertificate {
  const named = descendantsOf(signature).filter((element) => isNamed(element, DSIG, 'X509Certificate'));
  const thumbprints = named.slice(0, MAX_CERTIFICATES).map((element) => thumbprintOf(textOf(element)));
  const registered = certificates.find(({ thumbprint }) => thumbprints.includes(thumbprint));
  if (registered === undefined) throw refused('it is not signed with a key that is registered for this connection');
  if (registered.state !== 'approved') {
    throw refused(`the key ${registered.thumbprint} is ${registered.state === 'revoked' ? 'revoked' : 'not approved yet'}`);
  }
  return registered;
}

function thumbprintOf(base64: string): string | undefined {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).fingerprint.replaceAll(':', '').toLowerCase();
  } catch {
    return undefined;
  }
}

function allowOnly(signature: XmlSignature): void {
  const only = (table: Record<string, unknown>, names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, table[name]] as const));
  // Not `Id` and others as well, by which a second element could be meant; it also takes a third less time.
  signature.idAttributes = ['AssertionID'];
  signature.SignatureAlgorithms = only(signature.SignatureAlgorithms, [SIGNATURE_ALGORITHM]);
  signature.HashAlgorithms = only(signature.HashAlgorithms, [DIGEST_ALGORITHM]);
  signature.CanonicalizationAlgorithms = only(signature.CanonicalizationAlgorithms, TRANSFORMS);
}

const WRONG = 'its signature is wrong, of another key, or by an algorithm that is not taken';

/** @returns the canonical form of what was signed */
function checkedContent(checked: XmlSignature, signature: XmlElement, id: string, xml: string): string {
  try {
    checked.loadSignature(signature);
    const [reference, ...others] = checked.getReferences();
    if (reference === undefined || others.length > 0 || id === '' || reference.uri !== `#${id}`) {
      throw refused('the signature is not over it alone');
    }
    if (reference.transforms.join(' ') !== TRANSFORMS.join(' ')) throw refused('the signature is over a changed form of it');
    const valid = checked.checkSignature(xml);
    const [content, ...more] = checked.getSignedReferences();
    if (valid && content !== undefined && more.length === 0) return content;
    throw refused(WRONG);
  } catch (cause) {
    throw cause instanceof CodedError ? cause : refused(WRONG, cause);
  }
}

export function refused(why: string, cause?: unknown): CodedError {
  return new CodedError('ASSERTION_REFUSED', `The assertion of the connector is refused: ${why}`, { cause });
}
