/** What an assertion says (saml-core-1.1), for whom and for how long. It is read only after its signature was found right. */
import type { Profile } from '@landbridge/protocol';
import { profileOf } from './profile.ts';
import { refused, SAML } from './signature.ts';
import { attributeOf, childrenOf, descendantsOf, isNamed, textOf, type XmlElement } from './xml.ts';

/** What the hub knows of the sign-in that the assertion is for. */
export interface Expected {
  /** The realm. */
  audience: string;
  issuer: string;
  /** When the browser was sent to the connector. */
  sentAt: Date;
  now: Date;
}

export interface AssertionContent {
  issuedAt: Date;
  profile: Profile;
  /** RFC 8176; undefined where the connector does not say how. */
  amr: string[] | undefined;
  /** When the person proved it: with a session at the connector that was earlier. Never in the future. */
  authenticatedAt: Date;
}

/** How far apart clocks may be. Directories keep theirs within five minutes, since Kerberos wants that. */
export const CLOCK_SKEW_MS = 5 * 60_000;

/** saml-core-1.1, section 7.1. RFC 8176 has `wia` for an integrated sign-in by ticket, and `pop` for a key, whatever keeps it. */
const METHODS: ReadonlyMap<string, string[]> = new Map([
  ['urn:oasis:names:tc:SAML:1.0:am:password', ['pwd']],
  ['urn:ietf:rfc:1510', ['wia']],
  ['urn:federation:authentication:windows', ['wia']],
  ['urn:ietf:rfc:2246', ['pop']],
  ['urn:oasis:names:tc:SAML:1.0:am:X509-PKI', ['pop']],
]);

/** Section 2.3.2; what is not known here may be a condition that does not hold. */
const KNOWN_CONDITIONS = ['AudienceRestrictionCondition', 'DoNotCacheCondition'];
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/** @returns the issuer that connectors of this hub write: `urn:` stands before a domain, as the value has to be a URI */
export function issuerOf(connectionDomain: string): string {
  return `urn:${connectionDomain}`;
}

/** @throws CodedError ASSERTION_REFUSED, XML_REFUSED; the message is for operators */
export function readAssertion(assertion: XmlElement, { audience, issuer, sentAt, now }: Expected): AssertionContent {
  if (attributeOf(assertion, 'MajorVersion') !== '1') throw refused('it is not of SAML 1.1');
  if (attributeOf(assertion, 'Issuer') !== issuer) throw refused(`its issuer is not "${issuer}"`);
  const issuedAt = timeOf(assertion, 'IssueInstant');
  // An older one was made for another sign-in, and has been lying somewhere since.
  if (issuedAt.getTime() < sentAt.getTime() - CLOCK_SKEW_MS) throw refused('it was made before this sign-in began');
  checkConditions(assertion, audience, now);
  const [statement, ...others] = childrenNamed(assertion, 'AuthenticationStatement');
  if (statement === undefined || others.length > 0) throw refused('it does not say once how the person was authenticated');
  const provenAt = timeOf(statement, 'AuthenticationInstant');
  return {
    issuedAt,
    profile: profileOf(nameIdentifierOf(assertion), attributesOf(assertion)),
    amr: METHODS.get(attributeOf(statement, 'AuthenticationMethod')),
    authenticatedAt: provenAt < now ? provenAt : now,
  };
}

function checkConditions(assertion: XmlElement, audience: string, now: Date): void {
  const [conditions, ...others] = childrenNamed(assertion, 'Conditions');
  if (conditions === undefined || others.length > 0) throw refused('it does not have one list of conditions');
  if (now.getTime() < timeOf(conditions, 'NotBefore').getTime() - CLOCK_SKEW_MS) {
    throw refused('it is not valid yet: are the clocks of hub and connector right?');
  }
  if (now.getTime() >= timeOf(conditions, 'NotOnOrAfter').getTime() + CLOCK_SKEW_MS) throw refused('it has expired');
  const all = childrenOf(conditions);
  if (!all.every((condition) => KNOWN_CONDITIONS.some((name) => isNamed(condition, SAML, name)))) {
    throw refused('it has a condition that is not known here');
  }
  const restrictions = childrenNamed(conditions, 'AudienceRestrictionCondition');
  const isForUs = (restriction: XmlElement) => childrenNamed(restriction, 'Audience').some((named) => textOf(named) === audience);
  if (restrictions.length === 0 || !restrictions.every(isForUs)) throw refused(`it is not for "${audience}"`);
}

/** Each statement names its subject. @throws where they are not the same */
function nameIdentifierOf(assertion: XmlElement): string {
  const statements = childrenOf(assertion).filter(({ localName }) => localName.endsWith('Statement'));
  const subjects = statements.map((statement) => {
    const [subject, ...others] = childrenNamed(statement, 'Subject');
    const [identifier, ...more] = subject === undefined ? [] : childrenNamed(subject, 'NameIdentifier');
    if (identifier === undefined || others.length > 0 || more.length > 0) throw refused('a statement in it does not name one person');
    return textOf(identifier);
  });
  const [id = '', ...others] = new Set(subjects);
  if (id === '' || others.length > 0) throw refused('it does not name one person');
  return id;
}

function attributesOf(assertion: XmlElement): { claim: string; values: string[] }[] {
  return descendantsOf(assertion)
    .filter((element) => isNamed(element, SAML, 'Attribute'))
    .map((attribute) => ({
      claim: `${attributeOf(attribute, 'AttributeNamespace').replace(/\/$/, '')}/${attributeOf(attribute, 'AttributeName')}`,
      values: childrenNamed(attribute, 'AttributeValue').map(textOf),
    }));
}

function childrenNamed(parent: XmlElement, name: string): XmlElement[] {
  return childrenOf(parent).filter((child) => isNamed(child, SAML, name));
}

function timeOf(element: XmlElement, name: string): Date {
  const text = attributeOf(element, name);
  const time = new Date(UTC.test(text) ? text : Number.NaN);
  if (Number.isNaN(time.getTime())) throw refused(`its ${name} is not a time in UTC`);
  return time;
}
