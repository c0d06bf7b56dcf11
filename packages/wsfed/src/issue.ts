/**
 * Issues tokens: a SAML 1.1 assertion (saml-core-1.1) with an enveloped signature (XML Signature, RFC 3275) in a WS-Trust response. The
 * assertion is written in its canonical form (Exclusive XML Canonicalization 1.0), so nothing has to be parsed before it is hashed: 1 ms
 * compared with 4 ms by a library.
 */
import { createHash, type KeyObject, randomUUID, sign, type X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { type KnownUser, withAccountName } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { claimsFromProfile, nameIdentifierOf } from './claims.ts';
import {
  AUTHENTICATION_METHODS,
  type AuthenticationMethod,
  DSIG,
  ENVELOPED,
  EXCLUSIVE_C14N,
  issuerUri,
  REALM_PREFIX,
  RSA_SHA256,
  SAML,
  SAML_ASSERTION,
  SHA256,
  TRUST,
} from './names.ts';
import { fitsXml, xmlAttribute, xmlCharacters, xmlText } from './xml-text.ts';

export interface SigningPair {
  privateKey: KeyObject;
  certificate: X509Certificate;
}

export interface TokenIssuer {
  /** WSFED_ISSUER: a URL, a URN, or a name that becomes a URN. */
  issuer: string;
  /** The realm of the relying party. */
  audience: string;
  lifetimeMs: number;
  signing: SigningPair;
}

/** The user's immutable id and account name, for our hub. */
export interface TokenContent extends KnownUser {
  method: AuthenticationMethod;
  /** When the user proved their identity: earlier than now if a session vouches for them. */
  authenticatedAt: Date;
  /** `wctx` of the request. */
  context: string | undefined;
}

const UNSPECIFIED = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified';

// On the thread pool: an RSA signature takes a millisecond, which would block all other requests.
const signAsync = promisify<string, Buffer, KeyObject, Buffer>(sign);

/**
 * @returns `wresult`
 * @throws CodedError PROFILE_WITHOUT_ID if XML cannot carry the profile's id exactly, or it has none; SUBJECT_MISSING likewise for our hub
 */
export async function issueToken(content: TokenContent, issuer: TokenIssuer, now: Date = new Date()): Promise<string> {
  // An NCName must not start with a digit.
  const id = `_${randomUUID()}`;
  const unsigned = unsignedAssertion(id, content, issuer, now);
  const digest = createHash('sha256').update(`${unsigned}</saml:Assertion>`).digest('base64');
  const signature = await signatureOver(id, digest, issuer.signing);
  return withReferences(
    `<t:RequestSecurityTokenResponse Context="${attribute(content.context ?? '')}" xmlns:t="${TRUST}"><t:RequestedSecurityToken>${unsigned}${signature}</saml:Assertion></t:RequestedSecurityToken></t:RequestSecurityTokenResponse>`,
  );
}

/** Attributes are sorted by name, as canonical XML requires. @returns the assertion without its end tag */
function unsignedAssertion(id: string, content: TokenContent, { issuer, audience, lifetimeMs }: TokenIssuer, now: Date): string {
  const { subject: immutableId, method, authenticatedAt } = content;
  const isForOurHub = audience.startsWith(REALM_PREFIX);
  const profile = isForOurHub ? withAccountName(content) : content.profile;
  const nameIdentifier = nameIdentifierOf(profile);
  if (nameIdentifier === undefined) {
    throw new CodedError('PROFILE_WITHOUT_ID', 'The profile has no "id" that a token can carry, so applications cannot identify the user', {
      action: 'Let the service account read objectGUID, uid or cn, or let the profile mapper set an id.',
    });
  }
  if (isForOurHub && (immutableId === undefined || !fitsXml(immutableId))) {
    throw new CodedError('SUBJECT_MISSING', 'The entry shows no immutable id, so applications cannot tell this user from others', {
      action: 'Let the service account read objectGUID, entryUUID, nsUniqueId or ipaUniqueID, or set LDAP_SUBJECT_ATTRIBUTE.',
    });
  }
  const subject = `<saml:Subject><saml:NameIdentifier Format="${UNSPECIFIED}">${text(nameIdentifier)}</saml:NameIdentifier><saml:SubjectConfirmation><saml:ConfirmationMethod>${SAML}:cm:bearer</saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>`;
  const attributes = claimsFromProfile(profile, isForOurHub ? immutableId : undefined).map(
    ({ namespace, name, values }) =>
      `<saml:Attribute AttributeName="${attribute(name)}" AttributeNamespace="${namespace}">${values.map((value) => `<saml:AttributeValue>${text(value)}</saml:AttributeValue>`).join('')}</saml:Attribute>`,
  );
  return [
    `<saml:Assertion xmlns:saml="${SAML_ASSERTION}" AssertionID="${id}" IssueInstant="${now.toISOString()}" Issuer="${attribute(issuerUri(issuer))}" MajorVersion="1" MinorVersion="1">`,
    `<saml:Conditions NotBefore="${now.toISOString()}" NotOnOrAfter="${new Date(now.getTime() + lifetimeMs).toISOString()}">`,
    `<saml:AudienceRestrictionCondition><saml:Audience>${text(audience)}</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>`,
    `<saml:AttributeStatement>${subject}${attributes.join('')}</saml:AttributeStatement>`,
    `<saml:AuthenticationStatement AuthenticationInstant="${authenticatedAt.toISOString()}" AuthenticationMethod="${AUTHENTICATION_METHODS[method]}">${subject}</saml:AuthenticationStatement>`,
  ].join('');
}

async function signatureOver(id: string, digest: string, { privateKey, certificate }: SigningPair): Promise<string> {
  const signedInfo = [
    `<CanonicalizationMethod Algorithm="${EXCLUSIVE_C14N}"></CanonicalizationMethod><SignatureMethod Algorithm="${RSA_SHA256}"></SignatureMethod>`,
    `<Reference URI="#${id}"><Transforms><Transform Algorithm="${ENVELOPED}"></Transform><Transform Algorithm="${EXCLUSIVE_C14N}"></Transform></Transforms>`,
    `<DigestMethod Algorithm="${SHA256}"></DigestMethod><DigestValue>${digest}</DigestValue></Reference></SignedInfo>`,
  ].join('');
  // In canonical form SignedInfo declares the namespace that it inherits from its parent in the document.
  const value = await signAsync('sha256', Buffer.from(`<SignedInfo xmlns="${DSIG}">${signedInfo}`), privateKey);
  const key = `<KeyInfo><X509Data><X509Certificate>${certificate.raw.toString('base64')}</X509Certificate></X509Data></KeyInfo>`;
  return `<Signature xmlns="${DSIG}"><SignedInfo>${signedInfo}<SignatureValue>${value.toString('base64')}</SignatureValue>${key}</Signature>`;
}

function text(value: string): string {
  return xmlText(xmlCharacters(value));
}

function attribute(value: string): string {
  return xmlAttribute(xmlCharacters(value));
}

/** XML 1.1 treats these two as line ends; parsers that follow it would normalise them and break the signature. */
function withReferences(xml: string): string {
  return xml.replace(/[\u0085\u2028]/g, (c) => `&#x${c.charCodeAt(0).toString(16).toUpperCase()};`);
}
