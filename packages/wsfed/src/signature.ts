/**
 * Verifies the XML signature (RFC 3275) over an assertion. Everything else is read from the signed text that this returns and never from the
 * surrounding document, where an attacker can place other elements (signature wrapping).
 */
import { createHash, verify, X509Certificate } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import { canonicalForm } from './canonical.ts';
import { DSIG, ENVELOPED, EXCLUSIVE_C14N, RSA_SHA256, SAML_ASSERTION, SHA256, TRUST } from './names.ts';
import { attributeOf, childrenOf, descendantsOf, isNamed, parseXml, textContentOf, type XmlElement } from './xml-reader.ts';

/** A certificate whose key may sign tokens if it is approved. */
export interface TokenSigner {
  /** SHA-1 of the certificate in lower-case hexadecimal. */
  readonly thumbprint: string;
  readonly pem: string;
  readonly state: 'approved' | 'pending' | 'revoked';
}

export interface SignedAssertion {
  /** The root of a document that contains the signed text and nothing else. */
  assertion: XmlElement;
  id: string;
  thumbprint: string;
}

/** The signer's certificate and perhaps its chain. */
const MAX_CERTIFICATES = 4;
const CHANGED_FORM = 'unsupported canonicalization or transform';

/**
 * @param wresult a RequestSecurityTokenResponse with one assertion
 * @throws CodedError ASSERTION_REFUSED, XML_REFUSED; the message is for operators
 */
export function readSignedAssertion(wresult: string, signers: readonly TokenSigner[]): SignedAssertion {
  const { assertion, signature } = findAssertion(parseXml(wresult));
  const signer = signerOf(signature, signers);
  const id = attributeOf(assertion, 'AssertionID');
  const digest = signedDigest(signature, signer, id);
  // Last, because it is the expensive part: a valid signature can be moved to another assertion.
  const content = canonicalForm(assertion, signature);
  if (!createHash('sha256').update(content).digest().equals(digest))
    throw assertionRejected('its content does not match the signed digest');
  return { assertion: parseXml(content), id, thumbprint: signer.thumbprint };
}

/** @returns the only assertion and the only signature of the document, each in its place */
function findAssertion(root: XmlElement): { assertion: XmlElement; signature: XmlElement } {
  if (!isNamed(root, TRUST, 'RequestSecurityTokenResponse')) throw assertionRejected('the root is not a RequestSecurityTokenResponse');
  const tokens = childrenOf(root).filter((child) => isNamed(child, TRUST, 'RequestedSecurityToken'));
  const [assertion, ...others] = tokens.flatMap(childrenOf);
  if (assertion === undefined || others.length > 0 || !isNamed(assertion, SAML_ASSERTION, 'Assertion')) {
    throw assertionRejected('the response does not contain exactly one SAML 1.1 assertion');
  }
  const [signature, ...otherSignatures] = childrenOf(assertion).filter((child) => isNamed(child, DSIG, 'Signature'));
  if (signature === undefined) throw assertionRejected('it is not signed');
  // By local name, to find those in another namespace too.
  const everything = descendantsOf(root);
  const count = (name: string) => everything.filter(({ localName }) => localName === name).length;
  if (otherSignatures.length > 0 || count('Signature') !== 1 || count('Assertion') !== 1) {
    throw assertionRejected('the response contains another assertion or signature');
  }
  return { assertion, signature };
}

/** The embedded certificate only selects a registered one, whose key is then used. */
function signerOf(signature: XmlElement, signers: readonly TokenSigner[]): TokenSigner {
  const embedded = descendantsOf(signature).filter((element) => isNamed(element, DSIG, 'X509Certificate'));
  const thumbprints = embedded.slice(0, MAX_CERTIFICATES).map((element) => thumbprintOf(textContentOf(element)));
  const signer = signers.find(({ thumbprint }) => thumbprints.includes(thumbprint));
  if (signer === undefined) throw assertionRejected('it is not signed with a key registered for this connection');
  if (signer.state !== 'approved') {
    throw assertionRejected(`the key ${signer.thumbprint} is ${signer.state === 'revoked' ? 'revoked' : 'not approved yet'}`);
  }
  return signer;
}

function thumbprintOf(base64: string): string | undefined {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).fingerprint.replaceAll(':', '').toLowerCase();
  } catch {
    return undefined;
  }
}

/**
 * Core validation (RFC 3275, section 3.2.2), on the very text that is signed.
 *
 * @param id of the assertion, which must be all that is signed
 * @returns the signed digest of the assertion
 */
function signedDigest(signature: XmlElement, { pem }: TokenSigner, id: string): Buffer {
  const text = canonicalForm(only(signature, 'SignedInfo'));
  const signedInfo = parseXml(text);
  if (algorithmOf(signedInfo, 'SignatureMethod') !== RSA_SHA256) throw assertionRejected('unsupported signature algorithm');
  const value = Buffer.from(textContentOf(only(signature, 'SignatureValue')), 'base64');
  if (!verify('sha256', Buffer.from(text), new X509Certificate(pem).publicKey, value)) throw assertionRejected('invalid signature');
  if (algorithmOf(signedInfo, 'CanonicalizationMethod') !== EXCLUSIVE_C14N) throw assertionRejected(CHANGED_FORM);
  const reference = only(signedInfo, 'Reference');
  if (id === '' || attributeOf(reference, 'URI') !== `#${id}`)
    throw assertionRejected('the signature does not cover exactly this assertion');
  const transforms = childrenOf(only(reference, 'Transforms'));
  const [enveloped, exclusive] = transforms.map(withoutParameters);
  if (transforms.length !== 2 || enveloped !== ENVELOPED || exclusive !== EXCLUSIVE_C14N) throw assertionRejected(CHANGED_FORM);
  if (algorithmOf(reference, 'DigestMethod') !== SHA256) throw assertionRejected('unsupported digest algorithm');
  return Buffer.from(textContentOf(only(reference, 'DigestValue')), 'base64');
}

function only(parent: XmlElement, name: string): XmlElement {
  const [child, ...others] = childrenOf(parent).filter((each) => isNamed(each, DSIG, name));
  if (child === undefined || others.length > 0) throw assertionRejected(`its signature does not have exactly one ${name}`);
  return child;
}

function algorithmOf(parent: XmlElement, name: string): string | undefined {
  return withoutParameters(only(parent, name));
}

/** @returns the algorithm; undefined if it has parameters, which would change what it does */
function withoutParameters(method: XmlElement): string | undefined {
  return childrenOf(method).length > 0 ? undefined : attributeOf(method, 'Algorithm');
}

export function assertionRejected(why: string): CodedError {
  return new CodedError('ASSERTION_REFUSED', `Assertion rejected: ${why}`);
}
