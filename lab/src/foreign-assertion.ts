/**
 * Assertions written by hand in canonical form and signed with Node's own functions, so that our code does not verify itself. Tests change
 * single parts to make them invalid.
 */
import { createHash, createHmac, sign } from 'node:crypto';
import type { TestIdentity } from './test-identity.ts';

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const IDENTITY = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
const OTHER = 'http://schemas.passportjs.com';
const BEARER =
  '<saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod></saml:SubjectConfirmation>';
export const KERBEROS_METHOD = 'urn:ietf:rfc:1510';

export interface AssertionParts {
  id?: string;
  issuer?: string;
  audience?: string;
  /** Inserted into the XML without escaping. */
  nameIdentifier?: string;
  claims?: Record<string, string | string[]>;
  others?: Record<string, string | string[]>;
  issuedAt?: Date;
  notBefore?: Date;
  notOnOrAfter?: Date;
  authenticatedAt?: Date;
  method?: string;
  conditions?: string;
}

const HOUR_MS = 3_600_000;
let made = 0;

/** @returns an unsigned assertion in canonical form */
export function assertionXml(parts: AssertionParts = {}): string {
  const now = parts.issuedAt ?? new Date();
  const {
    id = `_a${process.pid}${++made}`,
    issuer = 'urn:localhost',
    audience = 'urn:landbridge:corp',
    nameIdentifier = 'anna-id',
    claims = { emailaddress: 'anna@fabrikam.example', name: 'Anna', givenname: 'Anna', surname: 'Example' },
    others = { sAMAccountName: 'anna', groups: ['Staff', 'VPN'] },
    notBefore = now,
    notOnOrAfter = new Date(now.getTime() + 8 * HOUR_MS),
    authenticatedAt = now,
    method = KERBEROS_METHOD,
    conditions = '',
  } = parts;
  const subject = `<saml:Subject><saml:NameIdentifier>${nameIdentifier}</saml:NameIdentifier>${BEARER}</saml:Subject>`;
  const attributes = (namespace: string, values: Record<string, string | string[]>) =>
    Object.entries(values).map(
      ([name, value]) =>
        `<saml:Attribute AttributeName="${name}" AttributeNamespace="${namespace}">${[value]
          .flat()
          .map((text) => `<saml:AttributeValue>${text}</saml:AttributeValue>`)
          .join('')}</saml:Attribute>`,
    );
  return [
    `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" AssertionID="${id}" IssueInstant="${now.toISOString()}" Issuer="${issuer}" MajorVersion="1" MinorVersion="1">`,
    `<saml:Conditions NotBefore="${notBefore.toISOString()}" NotOnOrAfter="${notOnOrAfter.toISOString()}">`,
    `<saml:AudienceRestrictionCondition><saml:Audience>${audience}</saml:Audience></saml:AudienceRestrictionCondition>${conditions}</saml:Conditions>`,
    `<saml:AttributeStatement>${subject}${attributes(IDENTITY, claims).join('')}${attributes(OTHER, others).join('')}</saml:AttributeStatement>`,
    `<saml:AuthenticationStatement AuthenticationInstant="${authenticatedAt.toISOString()}" AuthenticationMethod="${method}">${subject}</saml:AuthenticationStatement>`,
    '</saml:Assertion>',
  ].join('');
}

export interface SignatureParts {
  reference?: string;
  signatureAlgorithm?: string;
  digestAlgorithm?: string;
  canonicalization?: string;
  /** Inserted into CanonicalizationMethod, and into the last Transform. */
  inCanonicalization?: string;
  inTransform?: string;
  transforms?: string[];
  /** Inserted at the end of SignedInfo. */
  moreReferences?: string;
  certificate?: string;
  hashName?: 'sha256' | 'sha1';
  digestName?: 'sha256' | 'sha1';
  hmacSecret?: string;
}

/** @returns the signature over an assertion in canonical form */
export function signatureOver(canonical: string, identity: TestIdentity, parts: SignatureParts = {}): string {
  const {
    reference = `#${/ AssertionID="([^"]*)"/.exec(canonical)?.[1]}`,
    hashName = 'sha256',
    digestName = 'sha256',
    signatureAlgorithm = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    digestAlgorithm = 'http://www.w3.org/2001/04/xmlenc#sha256',
    canonicalization = EXCLUSIVE,
    inCanonicalization = '',
    inTransform = '',
    transforms = [`${DSIG}enveloped-signature`, EXCLUSIVE],
    moreReferences = '',
    certificate = identity.certificate,
  } = parts;
  const digest = createHash(digestName).update(canonical).digest('base64');
  const content = [
    `<CanonicalizationMethod Algorithm="${canonicalization}">${inCanonicalization}</CanonicalizationMethod>`,
    `<SignatureMethod Algorithm="${signatureAlgorithm}"></SignatureMethod>`,
    `<Reference URI="${reference}"><Transforms>${transforms.map((name, n) => `<Transform Algorithm="${name}">${n === transforms.length - 1 ? inTransform : ''}</Transform>`).join('')}</Transforms>`,
    `<DigestMethod Algorithm="${digestAlgorithm}"></DigestMethod><DigestValue>${digest}</DigestValue></Reference>${moreReferences}`,
  ].join('');
  const toSign = `<SignedInfo xmlns="${DSIG}">${content}</SignedInfo>`;
  const value =
    parts.hmacSecret === undefined
      ? sign(hashName, Buffer.from(toSign), identity.key)
      : createHmac('sha1', parts.hmacSecret).update(toSign).digest();
  const keyInfo = `<KeyInfo><X509Data><X509Certificate>${certificate}</X509Certificate></X509Data></KeyInfo>`;
  return `<Signature xmlns="${DSIG}"><SignedInfo>${content}</SignedInfo><SignatureValue>${value.toString('base64')}</SignatureValue>${keyInfo}</Signature>`;
}

export function withSignature(canonical: string, signature: string): string {
  return canonical.replace(/<\/saml:Assertion>$/, () => `${signature}</saml:Assertion>`);
}

export function signedAssertion(identity: TestIdentity, parts: AssertionParts = {}, how: SignatureParts = {}): string {
  const canonical = assertionXml(parts);
  return withSignature(canonical, signatureOver(canonical, identity, how));
}

/** @returns `wresult` with this in place of the assertion */
export function responseAround(assertion: string, context = 'x'): string {
  return `<t:RequestSecurityTokenResponse xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust" Context="${context}"><t:RequestedSecurityToken>${assertion}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>`;
}
