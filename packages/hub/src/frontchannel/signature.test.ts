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
import { signedByOthers } from '../../test/xml-crypto.ts';
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

test('what the library of installed connectors signs is read, in any spelling', () => {
  const spellings: [string, (canonical: string) => string][] = [
    ['canonical', (xml) => xml],
    [
      'attributes in another order, and a namespace that nobody needs',
      (xml) =>
        xml.replace(/<saml:Assertion [^>]*>/, (tag) => {
          const attributes = Array.from(tag.matchAll(/\S+="[^"]*"/g), ([attribute]) => attribute).toReversed();
          return `<saml:Assertion ${attributes.join(' ')} xmlns:xs="http://www.w3.org/2001/XMLSchema">`;
        }),
    ],
    ['line ends and blanks', (xml) => xml.replaceAll('><', '>\r\n  <')],
    ['as default namespace', (xml) => xml.replaceAll('saml:', '').replace('xmlns:saml', 'xmlns')],
    ['other quotes', (xml) => xml.replace(/"([^"']*)"/g, "'$1'")],
    ['references', (xml) => xml.replace('>anna-id<', '>&#97;nna&#x2D;id<')],
  ];
  for (const [name, spelled] of spellings) {
    for (const prefix of ['', 'ds']) {
      const { id } = read(signedByOthers(responseAround(spelled(assertionXml())), ours, prefix)).profile;
      assert.equal(id, 'anna-id', `${name} ${prefix}`);
    }
  }
});

test('hashes of passwords that a mapper lets through go no further', () => {
  assert.equal(read(signed({ others: { userPassword: '{SSHA}x' } })).profile.userPassword, undefined);
});

test('a changed assertion, and one that others signed, is refused', () => {
  isRefused(signed().replace('>anna-id<', '>boss-id<'), /was changed/);
  isRefused(signed().replace('Issuer="urn:localhost"', 'Issuer="urn:other"'), /was changed/);
  isRefused(signed().replaceAll('anna-id', 'anna-id '), /was changed/);
  isRefused(signed().replaceAll('saml:', 'evil:').replace('xmlns:saml', 'xmlns:evil'), /was changed/);
  isRefused(responseAround(signedAssertion(theirs)), /not signed with a key that is registered/);
  // The certificate of ours beside a signature of theirs.
  isRefused(responseAround(signedAssertion(theirs, {}, { certificate: ours.certificate })), /signature is wrong, or of another key/);
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
  // Another one with the id that was signed, and the signed one, if at all, as something else.
  const double = evil.replace(/ AssertionID="[^"]*"/, ` AssertionID="${id}"`);
  isRefused(responseAround(withSignature(double, signature)), /was changed/);
  for (const attribute of ['AssertionID', 'Id', 'ID', 'id']) {
    for (const other of [`<x ${attribute}="${id}"></x>`, `<x ${attribute}="${id}">${renamed}</x>`]) {
      const token = '<t:RequestedSecurityToken>';
      isRefused(responseAround(withSignature(double, signature)).replace(token, `${other}${token}`), /was changed/);
    }
  }
  isRefused(
    responseAround(withSignature(double, signature.replace('</Signature>', `<Object>${renamed}</Object></Signature>`))),
    /was changed/,
  );
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
  isRefused(signed({}, { reference: "#' or '1'='1" }), /not over it alone/);
  isRefused(signed({ id: '' }), /not over it alone/);
  const more =
    '<Reference URI="#x"><Transforms><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></Transform></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod><DigestValue>AA==</DigestValue></Reference>';
  isRefused(signed({}, { moreReferences: more }), /not one Reference/);
  const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
  const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
  for (const transforms of [
    [],
    [exclusive],
    [exclusive, enveloped],
    [enveloped, exclusive, exclusive],
    ['http://www.w3.org/TR/1999/REC-xpath-19991116', exclusive],
    [enveloped, 'http://www.w3.org/TR/1999/REC-xslt-19991116', exclusive],
    [enveloped, `${exclusive}WithComments`],
    [enveloped, 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'],
  ]) {
    isRefused(signed({}, { transforms }), /changed form/);
  }
  isRefused(signed({}, { canonicalization: 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315' }), /changed form/);
  // What a parameter does to the text that was signed is not known here.
  const parameter = '<InclusiveNamespaces xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="saml"></InclusiveNamespaces>';
  isRefused(signed({}, { inTransform: parameter }), /changed form/);
  isRefused(signed({}, { inCanonicalization: parameter }), /changed form/);
});

test('of a signature there is one of everything, and what counts is what was signed', () => {
  const good = signed();
  const signedInfo = /<SignedInfo>.*<\/SignedInfo>/.exec(good)?.[0] ?? '';
  const value = /<SignatureValue>.*<\/SignatureValue>/.exec(good)?.[0] ?? '';
  const evilInfo = signedInfo.replace(/<DigestValue>[^<]*/, '<DigestValue>AAAA');
  for (const [what, by] of [
    [signedInfo, evilInfo + signedInfo],
    [signedInfo, signedInfo + evilInfo],
    [value, value + value],
    [signedInfo, ''],
    [value, ''],
  ] as const) {
    isRefused(good.replace(what, by), /its signature has not one/);
  }
  isRefused(good.replace(signedInfo, evilInfo), /signature is wrong/);
  isRefused(good.replace(/<DigestValue>[^<]*</, '<DigestValue><'), /signature is wrong/);
  // Names of another namespace are others.
  isRefused(good.replace('<SignedInfo>', '<SignedInfo xmlns="urn:x">'), /not one SignedInfo/);
  // A comment inside of a digest hid it from a library once (CVE-2025-29775).
  isRefused(good.replace('<DigestValue>', '<DigestValue><!-- AAAA -->'), /comments/);
});

test('weak algorithms, and a secret that everybody knows, are refused', () => {
  isRefused(
    signed({}, { signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1', hashName: 'sha1' }),
    /algorithm that is not taken/,
  );
  isRefused(signed({}, { digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1', digestName: 'sha1' }), /digest is by an algorithm/);
  const pem = registered(ours).pem;
  for (const hmacSecret of [pem, pem.trim()]) {
    for (const signatureAlgorithm of [
      'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
      'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256',
    ]) {
      isRefused(signed({}, { signatureAlgorithm, hmacSecret }), /algorithm that is not taken/);
    }
  }
  isRefused(signed({}, { signatureAlgorithm: 'none' }), /algorithm that is not taken/);
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
