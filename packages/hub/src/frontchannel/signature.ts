/**
 * The signature over an assertion (XML Signature, RFC 3275): who made it, and what exactly was signed. Everything else is read from what
 * this gives back, and never from the document around it: whoever carries an answer can put other things there (signature wrapping).
 */
import { createHash, verify, X509Certificate } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import type { RegisteredCertificate } from '../store/certificates.ts';
import { canonicalForm } from './canonical.ts';
import { attributeOf, childrenOf, descendantsOf, isNamed, parseXml, textOf, type XmlElement } from './xml.ts';

const TRUST = 'http://schemas.xmlsoap.org/ws/2005/02/trust';
export const SAML = 'urn:oasis:names:tc:SAML:1.0:assertion';
const DSIG = 'http://www.w3.org/2000/09/xmldsig#';

const ENVELOPED = `${DSIG}enveloped-signature`;
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
/** The only ones that are taken. SHA-1 can be collided, and an HMAC would take the public certificate for its secret. */
const SIGNATURE_ALGORITHM = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const DIGEST_ALGORITHM = 'http://www.w3.org/2001/04/xmlenc#sha256';

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
  const { assertion, signature } = find(parseXml(wresult));
  const signedBy = signerOf(signature, certificates);
  const id = attributeOf(assertion, 'AssertionID');
  const digest = signedDigest(signature, signedBy, id);
  // Of one person's assertion the signature can be put into another one; only now is it worth the work to see.
  const content = canonicalForm(assertion, signature);
  if (!createHash('sha256').update(content).digest().equals(digest)) throw refused('it was changed, or is not the one that was signed');
  return { assertion: parseXml(content), id, signedBy };
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

/**
 * What the signature is over (RFC 3275, section 3.2.2), read from the very text that it signs.
 *
 * @param id of the assertion that it has to be over, and over nothing else
 * @returns the hash of what was signed
 */
function signedDigest(signature: XmlElement, { pem }: RegisteredCertificate, id: string): Buffer {
  const text = canonicalForm(only(signature, 'SignedInfo'));
  const signedInfo = parseXml(text);
  if (algorithmOf(signedInfo, 'SignatureMethod') !== SIGNATURE_ALGORITHM)
    throw refused('its signature is by an algorithm that is not taken');
  const value = Buffer.from(textOf(only(signature, 'SignatureValue')), 'base64');
  if (!verify('sha256', Buffer.from(text), new X509Certificate(pem).publicKey, value))
    throw refused('its signature is wrong, or of another key');
  if (algorithmOf(signedInfo, 'CanonicalizationMethod') !== EXCLUSIVE) throw refused('the signature is over a changed form of it');
  const reference = only(signedInfo, 'Reference');
  if (id === '' || attributeOf(reference, 'URI') !== `#${id}`) throw refused('the signature is not over it alone');
  const transforms = childrenOf(only(reference, 'Transforms'));
  const [enveloped, exclusive] = transforms.map(withoutParameters);
  if (transforms.length !== 2 || enveloped !== ENVELOPED || exclusive !== EXCLUSIVE)
    throw refused('the signature is over a changed form of it');
  if (algorithmOf(reference, 'DigestMethod') !== DIGEST_ALGORITHM) throw refused('its digest is by an algorithm that is not taken');
  return Buffer.from(textOf(only(reference, 'DigestValue')), 'base64');
}

function only(parent: XmlElement, name: string): XmlElement {
  const [child, ...others] = childrenOf(parent).filter((each) => isNamed(each, DSIG, name));
  if (child === undefined || others.length > 0) throw refused(`its signature has not one ${name}`);
  return child;
}

function algorithmOf(parent: XmlElement, name: string): string | undefined {
  return withoutParameters(only(parent, name));
}

/** @returns the algorithm; undefined where something stands in it that changes what it does */
function withoutParameters(method: XmlElement): string | undefined {
  return childrenOf(method).length > 0 ? undefined : attributeOf(method, 'Algorithm');
}

export function refused(why: string): CodedError {
  return new CodedError('ASSERTION_REFUSED', `The assertion of the connector is refused: ${why}`);
}
