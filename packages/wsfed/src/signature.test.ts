/** Tokens of a foreign issuer, and attacks on their signature. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type AssertionParts,
  assertionXml,
  makeIdentity,
  responseAround,
  type SignatureParts,
  signatureOver,
  signedAssertion,
  signedByXmlCrypto,
  withSignature,
} from '@landbridge/lab';
import { assertRejected, signerOf, verified } from '../test/tokens.ts';

const [ours, theirs] = [makeIdentity(), makeIdentity()];
const signers = [signerOf(ours)];
const signed = (parts: AssertionParts = {}, how: SignatureParts = {}) => responseAround(signedAssertion(ours, parts, how));

/** Runs a subtest for each token. */
async function rejectsEach(t: TestContext, tokens: Record<string, string>, why: RegExp): Promise<void> {
  for (const [name, wresult] of Object.entries(tokens)) await t.test(name, () => assertRejected(() => verified(wresult, { signers }), why));
}

test('reads the profile from a token of a foreign issuer', () => {
  const { profile, amr } = verified(signed({ nameIdentifier: 'a&amp;b &lt;c&gt;', others: { groups: 'Staff', department: ['A', 'B'] } }), {
    signers,
  });
  assert.deepEqual(profile, {
    id: 'a&b <c>',
    displayName: 'Anna',
    name: { givenName: 'Anna', familyName: 'Example' },
    emails: [{ value: 'anna@fabrikam.example' }],
    groups: ['Staff'],
    department: ['A', 'B'],
  });
  assert.deepEqual(amr, ['wia']);
});

test('accepts an XML declaration and surrounding line ends', () => {
  assert.equal(verified(`<?xml version="1.0" encoding="utf-8"?>\n${signed()}\n`, { signers }).profile.id, 'anna-id');
});

test('maps authentication methods to amr', async (t) => {
  for (const [method, amr] of [
    ['urn:oasis:names:tc:SAML:1.0:am:password', ['pwd']],
    ['urn:ietf:rfc:2246', ['pop']],
    ['urn:something', undefined],
  ] as const) {
    await t.test(method, () => assert.deepEqual(verified(signed({ method }), { signers }).amr, amr));
  }
});

test('accepts what xml-crypto signs, in any notation', async (t) => {
  const notations: [string, (canonical: string) => string][] = [
    ['canonical', (xml) => xml],
    [
      'attributes in reverse order and an unused namespace',
      (xml) =>
        xml.replace(/<saml:Assertion [^>]*>/, (tag) => {
          const attributes = Array.from(tag.matchAll(/\S+="[^"]*"/g), ([attribute]) => attribute).toReversed();
          return `<saml:Assertion ${attributes.join(' ')} xmlns:xs="http://www.w3.org/2001/XMLSchema">`;
        }),
    ],
    ['line ends and spaces', (xml) => xml.replaceAll('><', '>\r\n  <')],
    ['default namespace', (xml) => xml.replaceAll('saml:', '').replace('xmlns:saml', 'xmlns')],
    ['single quotes', (xml) => xml.replace(/"([^"']*)"/g, "'$1'")],
    ['references', (xml) => xml.replace('>anna-id<', '>&#97;nna&#x2D;id<')],
  ];
  for (const [name, notation] of notations) {
    for (const prefix of ['', 'ds']) {
      await t.test(`${name}, signature prefix "${prefix}"`, () => {
        const { profile } = verified(signedByXmlCrypto(responseAround(notation(assertionXml())), ours, prefix), { signers });
        assert.equal(profile.id, 'anna-id');
      });
    }
  }
});

test('rejects an assertion that was changed after signing', (t) =>
  rejectsEach(
    t,
    {
      'another subject': signed().replace('>anna-id<', '>boss-id<'),
      'another issuer': signed().replace('Issuer="urn:localhost"', 'Issuer="urn:other"'),
      'a trailing space': signed().replaceAll('anna-id', 'anna-id '),
      'another prefix': signed().replaceAll('saml:', 'evil:').replace('xmlns:saml', 'xmlns:evil'),
    },
    /does not match the signed digest/,
  ));

test('rejects an assertion without a signature of an approved key', async (t) => {
  await rejectsEach(t, { unsigned: responseAround(assertionXml()) }, /not signed/);
  await rejectsEach(
    t,
    {
      'a foreign key': responseAround(signedAssertion(theirs)),
      'an embedded certificate that is not one': signed({}, { certificate: 'AAAA' }),
      'no embedded certificate': signed().replace(/<X509Data>.*<\/X509Data>/, ''),
    },
    /not signed with a key registered/,
  );
  const mixed = responseAround(signedAssertion(theirs, {}, { certificate: ours.certificate }));
  await rejectsEach(t, { 'a foreign signature beside our certificate': mixed }, /invalid signature/);
  for (const [state, why] of [
    ['revoked', /is revoked/],
    ['pending', /not approved yet/],
  ] as const) {
    await t.test(`a ${state} key`, () => assertRejected(() => verified(signed(), { signers: [signerOf(ours, state)] }), why));
  }
});

test('rejects signature wrapping', async (t) => {
  const evil = assertionXml({ nameIdentifier: 'boss-id' });
  const canonical = assertionXml();
  const signature = signatureOver(canonical, ours);
  const good = withSignature(canonical, signature);
  const id = / AssertionID="([^"]*)"/.exec(canonical)?.[1] ?? '';
  const evilWith = (inside: string) => evil.replace(/<\/saml:Assertion>$/, () => `${inside}</saml:Assertion>`);
  // Under another name, so that it is not counted as a second assertion.
  const renamed = canonical.replaceAll('saml:Assertion', 'saml:Moved');
  // An unsigned assertion with the signed id.
  const double = evil.replace(/ AssertionID="[^"]*"/, ` AssertionID="${id}"`);
  const token = '<t:RequestedSecurityToken>';
  const tokenEnd = '</t:RequestedSecurityToken>';

  await rejectsEach(
    t,
    {
      'another assertion before the signed one': responseAround(evil + good),
      'another assertion after the signed one': responseAround(good + evil),
      'a second token': responseAround('').replace(tokenEnd, `${evil}${tokenEnd}${token}${good}${tokenEnd}`),
    },
    /exactly one/,
  );
  await rejectsEach(
    t,
    {
      'the signed assertion elsewhere in the response': responseAround(evilWith(signature)).replace(
        '</t:RequestSecurityTokenResponse>',
        `<x>${canonical}</x></t:RequestSecurityTokenResponse>`,
      ),
      'the signed assertion inside of the signature': responseAround(
        evilWith(signature.replace('</Signature>', `<Object>${canonical}</Object></Signature>`)),
      ),
      'the signed assertion as advice': responseAround(evilWith(`${signature}<saml:Advice>${canonical}</saml:Advice>`)),
      'a second signature': responseAround(withSignature(good, signatureOver(canonical, theirs))),
    },
    /another assertion or signature/,
  );
  await rejectsEach(
    t,
    {
      'the signed assertion inside of another one': responseAround(evilWith(good)),
      'a signature beside the assertion': responseAround(canonical).replace(tokenEnd, `${tokenEnd}${signature}`),
    },
    /not signed/,
  );
  await rejectsEach(
    t,
    {
      'the signature of another assertion': responseAround(evilWith(signature)),
      'the signed element under another name': responseAround(evilWith(signatureOver(renamed, ours).concat(renamed))),
    },
    /does not cover exactly this assertion/,
  );
  const withId = responseAround(withSignature(double, signature));
  await rejectsEach(
    t,
    {
      'another assertion with the signed id': withId,
      'the signed assertion as an object of the signature': responseAround(
        withSignature(double, signature.replace('</Signature>', `<Object>${renamed}</Object></Signature>`)),
      ),
      ...Object.fromEntries(
        ['AssertionID', 'Id', 'ID', 'id'].flatMap((attribute) => [
          [`an empty element with the signed id as ${attribute}`, withId.replace(token, `<x ${attribute}="${id}"></x>${token}`)],
          [`the signed element with its id as ${attribute}`, withId.replace(token, `<x ${attribute}="${id}">${renamed}</x>${token}`)],
        ]),
      ),
    },
    /does not match the signed digest/,
  );
  await rejectsEach(t, { 'an assertion without a response around it': good }, /not a RequestSecurityTokenResponse/);
});

test('rejects a signature that does not cover exactly the assertion', (t) =>
  rejectsEach(
    t,
    {
      'the whole document': signed({}, { reference: '' }),
      'another id': signed({}, { reference: '#other' }),
      'an XPath injection': signed({}, { reference: "#' or '1'='1" }),
      'an empty id': signed({ id: '' }),
    },
    /does not cover exactly this assertion/,
  ));

test('rejects a second reference', (t) => {
  const more =
    '<Reference URI="#x"><Transforms><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></Transform></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod><DigestValue>AA==</DigestValue></Reference>';
  return rejectsEach(t, { 'after the first': signed({}, { moreReferences: more }) }, /exactly one Reference/);
});

test('rejects all transforms but enveloped signature and exclusive canonicalization', async (t) => {
  const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
  const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
  const parameter = '<InclusiveNamespaces xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="saml"></InclusiveNamespaces>';
  const transforms: Record<string, string[]> = {
    none: [],
    'no enveloped signature': [exclusive],
    'in reverse order': [exclusive, enveloped],
    'one too many': [enveloped, exclusive, exclusive],
    XPath: ['http://www.w3.org/TR/1999/REC-xpath-19991116', exclusive],
    XSLT: [enveloped, 'http://www.w3.org/TR/1999/REC-xslt-19991116', exclusive],
    'canonicalization with comments': [enveloped, `${exclusive}WithComments`],
    'inclusive canonicalization': [enveloped, 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'],
  };
  await rejectsEach(
    t,
    {
      ...Object.fromEntries(Object.entries(transforms).map(([name, list]) => [name, signed({}, { transforms: list })])),
      'inclusive canonicalization of SignedInfo': signed({}, { canonicalization: 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315' }),
      'a transform with parameters': signed({}, { inTransform: parameter }),
      'a canonicalization with parameters': signed({}, { inCanonicalization: parameter }),
    },
    /unsupported canonicalization or transform/,
  );
});

test('rejects a signature with missing, duplicate or changed parts', async (t) => {
  const good = signed();
  const signedInfo = /<SignedInfo>.*<\/SignedInfo>/.exec(good)?.[0] ?? '';
  const value = /<SignatureValue>.*<\/SignatureValue>/.exec(good)?.[0] ?? '';
  const evilInfo = signedInfo.replace(/<DigestValue>[^<]*/, '<DigestValue>AAAA');
  await rejectsEach(
    t,
    {
      'another SignedInfo before': good.replace(signedInfo, evilInfo + signedInfo),
      'another SignedInfo after': good.replace(signedInfo, signedInfo + evilInfo),
      'two values': good.replace(value, value + value),
      'no SignedInfo': good.replace(signedInfo, ''),
      'no value': good.replace(value, ''),
      'SignedInfo in another namespace': good.replace('<SignedInfo>', '<SignedInfo xmlns="urn:x">'),
    },
    /does not have exactly one (SignedInfo|SignatureValue)/,
  );
  await rejectsEach(
    t,
    {
      'another digest': good.replace(signedInfo, evilInfo),
      'an empty digest': good.replace(/<DigestValue>[^<]*</, '<DigestValue><'),
      'an empty value': good.replace(/<SignatureValue>[^<]*</, '<SignatureValue><'),
    },
    /invalid signature/,
  );
  // CVE-2025-29775: a comment hid a digest from a library.
  await rejectsEach(t, { 'a comment in the digest': good.replace('<DigestValue>', '<DigestValue><!-- AAAA -->') }, /comments/);
});

test('rejects all signature algorithms but RSA with SHA-256', async (t) => {
  const sha1 = signed({}, { signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1', hashName: 'sha1' });
  const none = signed({}, { signatureAlgorithm: 'none' });
  await rejectsEach(t, { 'RSA with SHA-1': sha1, none }, /unsupported signature algorithm/);
  const digest = signed({}, { digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1', digestName: 'sha1' });
  await rejectsEach(t, { 'a SHA-1 digest': digest }, /unsupported digest algorithm/);
  const [{ pem } = signerOf(ours)] = signers;
  for (const [name, hmacSecret] of Object.entries({ certificate: pem, 'trimmed certificate': pem.trim() })) {
    for (const signatureAlgorithm of [
      'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
      'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256',
    ]) {
      const token = signed({}, { signatureAlgorithm, hmacSecret });
      await rejectsEach(t, { [`${signatureAlgorithm} with the ${name} as its secret`]: token }, /unsupported signature algorithm/);
    }
  }
});

test('rejects comments, entities and document types, even if the signature would ignore them', async (t) => {
  await rejectsEach(
    t,
    {
      'a comment': signed({ nameIdentifier: 'boss@corp.anna' }).replace('boss@corp.anna', 'boss@corp<!-- x -->.anna'),
      CDATA: signed().replace('anna-id', '<![CDATA[anna-id]]>'),
      'a processing instruction': signed().replace('anna-id', 'anna<?x y?>-id'),
      'a document type': `<!DOCTYPE x>${signed()}`,
    },
    /comments, CDATA and document types/,
  );
  const laughs = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('');
  await rejectsEach(
    t,
    {
      'an external entity': `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${signed().replace('anna-id', '&e;')}`,
      'a billion laughs': `<!DOCTYPE x [<!ENTITY l0 "ha">${laughs}]><x>&l9;</x>`,
      'an undefined entity': signed().replace('anna-id', 'anna&undefined;-id'),
    },
    /unknown entity/,
  );
});

test('rejects what is not XML', (t) =>
  rejectsEach(
    t,
    Object.fromEntries(
      ['', 'x', '<a>', '<a></b></a>', '<a/><b/>', '<a/>text', 'x<a/>', '<a b=c/>', '<a b="<"/>', '<a b="1" b="2"/>', '<a'].map((xml) => [
        JSON.stringify(xml),
        xml,
      ]),
    ),
    /rejected/,
  ));

// Each of these takes a parser with quadratic parts seconds to minutes.
test('rejects oversized and pathological XML in linear time', { timeout: 60_000 }, async (t) => {
  await rejectsEach(t, { 'text of 600,000 characters': responseAround('x'.repeat(600_000)) }, /more than/);
  await rejectsEach(
    t,
    {
      'opening brackets': '<'.repeat(400_000),
      'unfinished tags': '<a '.repeat(150_000),
      'opening brackets in an element': `<a>${'<'.repeat(400_000)}`,
      'nested elements': '<a>'.repeat(100_000),
      'an unfinished attribute': `<a b="${'x'.repeat(500_000)}`,
      'line ends in a tag': `<a ${'\n'.repeat(500_000)}`,
      ampersands: `<a>${'&'.repeat(500_000)}</a>`,
      'nested namespaces': `${Array.from({ length: 8000 }, (_, n) => `<a xmlns:p${n}="u${n}">`).join('')}${'</a>'.repeat(8000)}`,
      attributes: `<a ${Array.from({ length: 40_000 }, (_, n) => `a${n}="1"`).join(' ')}/>`,
      elements: `<a>${'<b/>'.repeat(100_000)}</a>`,
    },
    /rejected/,
  );
});

test('accepts a token with nine thousand groups', () => {
  const groups = Array.from({ length: 9000 }, (_, n) => `Group ${n}`);
  assert.deepEqual(verified(signed({ others: { groups } }), { signers }).profile.groups, groups);
});
