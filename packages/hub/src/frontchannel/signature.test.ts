import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { CodedError, errorText } from '@landbridge/runtime';
import {
  type AssertionParts,
  assertionXml,
  responseAround,
  type SignatureParts,
  signatureOver,
  signedAssertion,
  withSignature,
} from '../../test/foreign-assertion.ts';
import { type Identity, makeIdentity } from '../../test/foreign-connector.ts';
import type { CertificateState, RegisteredCertificate } from '../store/certificates.ts';
import { type Expected, readAssertion } from './assertion.ts';
import { readSignedAssertion } from './signature.ts';

const [ours, theirs] = [makeIdentity(), makeIdentity()];

function registered(identity: Identity, state: CertificateState = 'approved'): RegisteredCertificate {
  const certificate = new X509Certificate(Buffer.from(identity.certificate, 'base64'));
  return {
    thumbprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
    pem: certificate.toString(),
    state,
    readsJwks: false,
    agentVersion: undefined,
    hostName: undefined,
    registeredAt: new Date(),
    signingKid: undefined,
    signInEndpoint: undefined,
  };
}

const certificates = [registered(ours)];

function read(wresult: string, known = certificates, expected: Partial<Expected> = {}) {
  const { assertion } = readSignedAssertion(wresult, known);
  return readAssertion(assertion, {
    audience: 'urn:landbridge:corp',
    issuer: 'urn:localhost',
    sentAt: new Date(),
    now: new Date(),
    ...expected,
  });
}

function isRefused(wresult: string, why: RegExp, known = certificates): void {
  assert.throws(
    () => read(wresult, known),
    (error) => error instanceof CodedError && /^(ASSERTION|XML)_REFUSED$/.test(error.code) && why.test(errorText(error)),
    `${why}`,
  );
}

const signed = (parts: AssertionParts = {}, how: SignatureParts = {}) => responseAround(signedAssertion(ours, parts, how));

test('what a connector signed is read, as a profile', () => {
  const { profile, amr } = read(signed({ nameIdentifier: 'a&amp;b &lt;c&gt;', others: { groups: 'Staff', department: ['A', 'B'] } }));
  assert.deepEqual(profile, {
    id: 'a&b <c>',
    displayName: 'Anna',
    name: { givenName: 'Anna', familyName: 'Example' },
    emails: [{ value: 'anna@fabrikam.example' }],
    groups: ['Staff'],
    department: ['A', 'B'],
  });
  assert.deepEqual(amr, ['wia']);
  // An XML declaration and line ends around it are no reason to refuse it.
  assert.equal(read(`<?xml version="1.0" encoding="utf-8"?>\n${signed()}\n`).profile.id, 'anna-id');
  assert.deepEqual(read(signed({ method: 'urn:ietf:rfc:2246' })).amr, ['pop']);
  assert.equal(read(signed({ method: 'urn:something' })).amr, undefined);
});

test('hashes of passwords that a mapper lets through go no further', () => {
  assert.equal(read(signed({ others: { userPassword: '{SSHA}x' } })).profile.userPassword, undefined);
});

test('a changed assertion, and one that others signed, is refused', () => {
  isRefused(signed().replace('>anna-id<', '>boss-id<'), /signature is wrong/);
  isRefused(signed().replace('Issuer="urn:localhost"', 'Issuer="urn:other"'), /signature is wrong/);
  isRefused(responseAround(signedAssertion(theirs)), /not signed with a key that is registered/);
  // The certificate of ours beside a signature of theirs.
  isRefused(responseAround(signedAssertion(theirs, {}, { certificate: ours.certificate })), /signature value .* is incorrect/);
  isRefused(responseAround(assertionXml()), /not signed/);
  isRefused(signed(), /revoked/, [registered(ours, 'revoked')]);
  isRefused(signed(), /not approved/, [registered(ours, 'pending')]);
  isRefused(signed({}, { certificate: 'AAAA' }), /not signed with a key/);
  isRefused(signed().replace(/<X509Data>.*<\/X509Data>/, ''), /not signed with a key/);
});

test('signature wrapping: what is read is what was signed', () => {
  const evil = assertionXml({ nameIdentifier: 'boss-id' });
  const canonical = assertionXml();
  const signature = signatureOver(canonical, ours);
  const good = withSignature(canonical, signature);
  const id = / AssertionID="([^"]*)"/.exec(canonical)?.[1] ?? '';
  const evilWith = (inside: string) => evil.replace(/<\/saml:Assertion>$/, () => `${inside}</saml:Assertion>`);
  const response = responseAround('');
  const beside = (where: string, what: string) => responseAround(evilWith(signature)).replace(where, `${where}${what}`);

  isRefused(responseAround(evil + good), /exactly one/);
  isRefused(responseAround(good + evil), /exactly one/);
  isRefused(responseAround(evilWith(good)), /not signed|another assertion/);
  isRefused(responseAround(evilWith(signature)), /not over it alone/);
  // The signed one is moved elsewhere, where its signature still finds it.
  isRefused(
    beside('<t:RequestedSecurityToken>', '').replace(
      '</t:RequestSecurityTokenResponse>',
      `<x>${canonical}</x></t:RequestSecurityTokenResponse>`,
    ),
    /another assertion/,
  );
  isRefused(responseAround(evilWith(signature.replace('</Signature>', `<Object>${canonical}</Object></Signature>`))), /another assertion/);
  isRefused(responseAround(evilWith(`${signature}<saml:Advice>${canonical}</saml:Advice>`)), /another assertion/);
  // Under another name, so that no assertion is counted twice.
  const renamed = canonical.replaceAll('saml:Assertion', 'saml:Moved');
  isRefused(responseAround(evilWith(signatureOver(renamed, ours).concat(renamed))), /not over it alone/);
  // Two elements with the id that was signed, whichever attribute says so.
  for (const attribute of ['AssertionID', 'Id', 'ID', 'id']) {
    const double = evil.replace(/ AssertionID="[^"]*"/, ` AssertionID="${id}"`);
    isRefused(
      responseAround(withSignature(double, signature)).replace(
        '<t:RequestedSecurityToken>',
        `<x ${attribute}="${id}"></x><t:RequestedSecurityToken>`,
      ),
      attribute === 'AssertionID' ? /multiple elements with the same value/ : /signature is wrong/,
    );
  }
  isRefused(responseAround(withSignature(evil.replace(/ AssertionID="[^"]*"/, ` AssertionID="${id}"`), signature)), /signature is wrong/);
  // Two tokens, a second signature, a signature beside the assertion.
  isRefused(
    response.replace(
      '</t:RequestedSecurityToken>',
      `${evil}</t:RequestedSecurityToken><t:RequestedSecurityToken>${good}</t:RequestedSecurityToken>`,
    ),
    /exactly one/,
  );
  isRefused(responseAround(withSignature(good, signatureOver(canonical, theirs))), /another assertion or signature/);
  isRefused(responseAround(canonical).replace('</t:RequestedSecurityToken>', `</t:RequestedSecurityToken>${signature}`), /not signed/);
  isRefused(good, /not a RequestSecurityTokenResponse/);
});

test('a signature over something else, or over more than the assertion, is refused', () => {
  isRefused(signed({}, { reference: '' }), /not over it alone/);
  isRefused(signed({}, { reference: '#other' }), /not over it alone/);
  isRefused(signed({ id: '' }), /not over it alone/);
  const more =
    '<Reference URI="#x"><Transforms><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></Transform></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod><DigestValue>AA==</DigestValue></Reference>';
  isRefused(signed({}, { moreReferences: more }), /not over it alone/);
  const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
  isRefused(signed({}, { transforms: [exclusive] }), /changed form/);
  isRefused(signed({}, { transforms: ['http://www.w3.org/TR/1999/REC-xpath-19991116', exclusive] }), /changed form/);
  isRefused(
    signed({}, { transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', `${exclusive}WithComments`] }),
    /changed form/,
  );
});

test('weak algorithms, and a secret that everybody knows, are refused', () => {
  isRefused(
    signed({}, { signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1', hashName: 'sha1' }),
    /rsa-sha1' is not supported/,
  );
  isRefused(signed({}, { digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1', digestName: 'sha1' }), /sha1' is not supported/);
  const pem = registered(ours).pem;
  for (const hmacSecret of [pem, pem.trim()]) {
    isRefused(signed({}, { signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#hmac-sha1', hmacSecret }), /hmac-sha1' is not supported/);
  }
  isRefused(signed({}, { signatureAlgorithm: 'none' }), /'none' is not supported/);
  isRefused(signed().replace(/<SignatureValue>[^<]*</, '<SignatureValue><'), /signature is wrong/);
});

test('comments, entities and document types are refused before they are parsed', () => {
  // With the signature as it is: canonical forms leave comments out.
  isRefused(signed({ nameIdentifier: 'boss@corp.anna' }).replace('boss@corp.anna', 'boss@corp<!-- x -->.anna'), /comments/);
  isRefused(signed().replace('anna-id', '<![CDATA[anna-id]]>'), /comments/);
  isRefused(signed().replace('anna-id', 'anna<?x y?>-id'), /comments/);
  isRefused(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${signed().replace('anna-id', '&e;')}`, /entities|document types/);
  const laughs = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('');
  isRefused(`<!DOCTYPE x [<!ENTITY l0 "ha">${laughs}]><x>&l9;</x>`, /entities|document types/);
  isRefused(`<!DOCTYPE x>${signed()}`, /document types/);
  isRefused(signed().replace('anna-id', 'anna&undefined;-id'), /entities/);
});

test('what is no XML, or too much of it, is refused and takes no time that grows with its square', () => {
  for (const xml of ['', 'x', '<a>', '<a></b></a>', '<a/><b/>', '<a/>text', 'x<a/>', '<a b=c/>', '<a b="<"/>', '<a b="1" b="2"/>', '<a']) {
    isRefused(xml, /refused/);
  }
  isRefused(`<a>\u0000</a>`, /characters/);
  isRefused('<a>&#x0;</a>', /refused/);
  isRefused(responseAround('x'.repeat(600_000)), /more than/);
  // Each of these took the parser alone seconds to minutes.
  for (const xml of [
    '<'.repeat(400_000),
    '<a '.repeat(150_000),
    `<a>${'<'.repeat(400_000)}`,
    '<a>'.repeat(100_000),
    `<a b="${'x'.repeat(500_000)}`,
    `<a ${'\n'.repeat(500_000)}`,
    `<a>${'&'.repeat(500_000)}</a>`,
    `${Array.from({ length: 8000 }, (_, n) => `<a xmlns:p${n}="u${n}">`).join('')}${'</a>'.repeat(8000)}`,
    `<a ${Array.from({ length: 40_000 }, (_, n) => `a${n}="1"`).join(' ')}/>`,
    `<a>${'<b/>'.repeat(100_000)}</a>`,
  ]) {
    isRefused(xml, /refused/);
  }
});

test('a token with nine thousand groups is read', () => {
  const groups = Array.from({ length: 9000 }, (_, n) => `Group ${n}`);
  assert.deepEqual(read(signed({ others: { groups } })).profile.groups, groups);
});

test('for whom, by whom and when', () => {
  const minutes = (n: number) => new Date(Date.now() + n * 60_000);
  isRefused(signed({ audience: 'urn:landbridge:other' }), /not for "urn:landbridge:corp"/);
  isRefused(signed({ audience: 'urn:landbridge:corp ' }), /not for/);
  isRefused(signed({ issuer: 'urn:evil' }), /issuer/);
  isRefused(signed({ issuer: 'localhost' }), /issuer/);
  isRefused(signed({ notOnOrAfter: minutes(-6), notBefore: minutes(-60) }), /expired/);
  isRefused(signed({ notBefore: minutes(6) }), /not valid yet/);
  isRefused(signed({ issuedAt: minutes(-6) }), /before this sign-in began/);
  assert.ok(read(signed({ issuedAt: minutes(-4), notOnOrAfter: minutes(-4) })));
  assert.ok(read(signed({ issuedAt: minutes(4) })));
  isRefused(signed({ conditions: '<saml:Condition>never</saml:Condition>' }), /condition that is not known/);
  isRefused(
    signed({
      conditions:
        '<saml:AudienceRestrictionCondition><saml:Audience>urn:landbridge:other</saml:Audience></saml:AudienceRestrictionCondition>',
    }),
    /not for/,
  );
  isRefused(signed({ claims: { nameidentifier: 'boss-id' } }), /two persons/);
  isRefused(signed({ nameIdentifier: '' }), /one person/);
  isRefused(signed({ nameIdentifier: 'anna<saml:x></saml:x>-id' }), /where text is expected/);
});

test('when the person proved it is never later than now', () => {
  const [earlier, now] = [new Date(Date.now() - 3_600_000), new Date()];
  assert.deepEqual(read(signed({ authenticatedAt: earlier })).authenticatedAt, earlier);
  assert.deepEqual(read(signed({ authenticatedAt: new Date(now.getTime() + 200_000) }), certificates, { now }).authenticatedAt, now);
});
