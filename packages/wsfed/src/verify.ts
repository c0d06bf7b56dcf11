/** Verifies tokens: signature first, then what the signed assertion says (saml-core-1.1), for whom and for how long. */
import type { Profile } from '@landbridge/protocol';
import { profileFromClaims, type ReceivedClaim, subjectFromClaims } from './claims.ts';
import { AUTHENTICATION_METHODS, SAML, SAML_ASSERTION } from './names.ts';
import { assertionRejected, readSignedAssertion, type TokenSigner } from './signature.ts';
import { attributeOf, childrenOf, descendantsOf, isNamed, textContentOf, type XmlElement } from './xml-reader.ts';

export { assertionRejected };

export interface TokenPolicy {
  /** All keys of the connection, whatever their state. */
  signers: readonly TokenSigner[];
  /** The realm. */
  audience: string;
  issuer: string;
  /** When the browser was redirected to the connector. */
  requestedAt: Date;
  /** The application requires an authentication after `requestedAt`; a session at the connector is not enough. */
  fresh: boolean;
  /** How far the clocks of issuer and verifier may differ. */
  clockSkewMs: number;
  now: Date;
}

export interface VerifiedToken {
  assertionId: string;
  /** Of the certificate whose key signed it. */
  thumbprint: string;
  issuedAt: Date;
  profile: Profile;
  /** The user's immutable id; from connectors that send none, the NameIdentifier. */
  subject: string;
  /** RFC 8176; undefined for an unknown authentication method. */
  amr: string[] | undefined;
  /** When the user proved their identity; with a session at the connector, earlier. Never in the future. */
  authenticatedAt: Date;
}

/** RFC 8176 has `wia` for Windows integrated authentication, and `pop` for proof of possession of a key, wherever it is stored. */
const AMR: ReadonlyMap<string, string[]> = new Map([
  [AUTHENTICATION_METHODS.password, ['pwd']],
  [AUTHENTICATION_METHODS.kerberos, ['wia']],
  ['urn:federation:authentication:windows', ['wia']],
  [AUTHENTICATION_METHODS.certificate, ['pop']],
  [`${SAML}:am:X509-PKI`, ['pop']],
]);

/** Section 2.3.2. An unknown condition may be one that does not hold. */
const KNOWN_CONDITIONS = ['AudienceRestrictionCondition', 'DoNotCacheCondition'];
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/**
 * Does not remember tokens: the caller has to reject an `assertionId` that was used before.
 *
 * @param wresult a RequestSecurityTokenResponse with one assertion
 * @throws CodedError ASSERTION_REFUSED, XML_REFUSED; the message is for operators
 */
export function verifyToken(wresult: string, policy: TokenPolicy): VerifiedToken {
  const { assertion, id, thumbprint } = readSignedAssertion(wresult, policy.signers);
  return { ...readAssertion(assertion, policy), assertionId: id, thumbprint };
}

/** @throws CodedError ASSERTION_REFUSED, XML_REFUSED */
export function readAssertion(
  assertion: XmlElement,
  policy: Omit<TokenPolicy, 'signers'>,
): Omit<VerifiedToken, 'assertionId' | 'thumbprint'> {
  const { audience, issuer, requestedAt, fresh, clockSkewMs, now } = policy;
  const earliest = requestedAt.getTime() - clockSkewMs;
  if (attributeOf(assertion, 'MajorVersion') !== '1') throw assertionRejected('it is not a SAML 1.1 assertion');
  if (attributeOf(assertion, 'Issuer') !== issuer) throw assertionRejected(`its issuer is not "${issuer}"`);
  const issuedAt = timeOf(assertion, 'IssueInstant');
  if (issuedAt.getTime() < earliest) throw assertionRejected('it was issued before this sign-in began');
  checkConditions(assertion, audience, clockSkewMs, now);
  const [statement, ...others] = childrenNamed(assertion, 'AuthenticationStatement');
  if (statement === undefined || others.length > 0) throw assertionRejected('it does not have exactly one AuthenticationStatement');
  const provenAt = timeOf(statement, 'AuthenticationInstant');
  // The user can remove `wfresh` from the address of the request.
  if (fresh && provenAt.getTime() < earliest)
    throw assertionRejected('the application requires a new authentication, and this one is older');
  const id = nameIdentifierIn(assertion);
  const claims = claimsIn(assertion);
  const profile = profileFromClaims(id, claims);
  if (profile === undefined) throw assertionRejected('its nameidentifier claim differs from its subject');
  const immutable = subjectFromClaims(claims);
  if (immutable === undefined) throw assertionRejected('its subject claim does not have exactly one value');
  return {
    issuedAt,
    profile,
    subject: immutable.subject ?? id,
    amr: AMR.get(attributeOf(statement, 'AuthenticationMethod')),
    authenticatedAt: new Date(Math.min(provenAt.getTime(), now.getTime())),
  };
}

function checkConditions(assertion: XmlElement, audience: string, clockSkewMs: number, now: Date): void {
  const [conditions, ...others] = childrenNamed(assertion, 'Conditions');
  if (conditions === undefined || others.length > 0) throw assertionRejected('it does not have exactly one Conditions element');
  if (now.getTime() < timeOf(conditions, 'NotBefore').getTime() - clockSkewMs) {
    throw assertionRejected('it is not valid yet: check the clocks of hub and connector');
  }
  if (now.getTime() >= timeOf(conditions, 'NotOnOrAfter').getTime() + clockSkewMs) throw assertionRejected('it has expired');
  const all = childrenOf(conditions);
  if (!all.every((condition) => KNOWN_CONDITIONS.some((name) => isNamed(condition, SAML_ASSERTION, name)))) {
    throw assertionRejected('it has an unknown condition');
  }
  // Any audience within a restriction, and all restrictions (section 2.3.2.1.3).
  const restrictions = childrenNamed(conditions, 'AudienceRestrictionCondition');
  const allows = (restriction: XmlElement) => childrenNamed(restriction, 'Audience').some((named) => textContentOf(named) === audience);
  if (restrictions.length === 0 || !restrictions.every(allows)) throw assertionRejected(`its audience is not "${audience}"`);
}

/** Each statement names its subject, and all have to name the same. */
function nameIdentifierIn(assertion: XmlElement): string {
  const statements = childrenOf(assertion).filter(({ localName }) => localName.endsWith('Statement'));
  const subjects = statements.map((statement) => {
    const [subject, ...others] = childrenNamed(statement, 'Subject');
    const [identifier, ...more] = subject === undefined ? [] : childrenNamed(subject, 'NameIdentifier');
    if (identifier === undefined || others.length > 0 || more.length > 0) {
      throw assertionRejected('a statement does not name exactly one subject');
    }
    return textContentOf(identifier);
  });
  const [id = '', ...others] = new Set(subjects);
  if (id === '' || others.length > 0) throw assertionRejected('its statements do not name exactly one subject');
  return id;
}

function claimsIn(assertion: XmlElement): ReceivedClaim[] {
  return descendantsOf(assertion)
    .filter((element) => isNamed(element, SAML_ASSERTION, 'Attribute'))
    .map((attribute) => ({
      uri: `${attributeOf(attribute, 'AttributeNamespace').replace(/\/$/, '')}/${attributeOf(attribute, 'AttributeName')}`,
      values: childrenNamed(attribute, 'AttributeValue').map(textContentOf),
    }));
}

function childrenNamed(parent: XmlElement, name: string): XmlElement[] {
  return childrenOf(parent).filter((child) => isNamed(child, SAML_ASSERTION, name));
}

function timeOf(element: XmlElement, name: string): Date {
  const text = attributeOf(element, name);
  const time = new Date(UTC.test(text) ? text : Number.NaN);
  if (Number.isNaN(time.getTime())) throw assertionRejected(`its ${name} is not a UTC time`);
  return time;
}
