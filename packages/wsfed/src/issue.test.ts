/** Issued tokens, judged by xmlsec1 and xml-crypto. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DomElement, makeIdentity, parseWithXmldom, signedReferences } from '@landbridge/lab';
import { CodedError } from '@landbridge/runtime';
import { signingPairOf } from '../test/tokens.ts';
import { issueToken, type TokenIssuer } from './issue.ts';

const XMLSEC = '/usr/bin/xmlsec1';
const SAML = 'urn:oasis:names:tc:SAML:1.0:assertion';
const NOW = new Date('2026-11-22T10:00:00.000Z');

const signing = signingPairOf(makeIdentity());
const certificatePem = signing.certificate.toString();
const issuer: TokenIssuer = { issuer: 'fabrikam.example', audience: 'urn:auth0:fabrikam', lifetimeMs: 8 * 3_600_000, signing };

const profile = {
  id: '3f2c',
  displayName: 'Jürgen <Größe> & Söhne "東京"',
  name: { familyName: 'Größe', givenName: "J'ürgen" },
  emails: [{ value: 'j@fabrikam.example' }, { value: 'second@fabrikam.example' }],
  groups: ['Staff', 'a & b', ''],
  description: 'line\nline\r\nend\u0085\u2028\ttab',
  active: true,
  logons: 7,
  none: undefined,
  nothing: null,
  empty: [],
  manager: { dn: 'cn=m' },
  'strange"<key>': 'x',
};

const make = (more: Record<string, unknown> = {}, from = issuer) =>
  issueToken({ profile: { ...profile, ...more }, method: 'password', authenticatedAt: NOW, context: 'st&te' }, from, NOW);

function verdict(t: TestContext, xml: string): { good: boolean; text: string } {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-token-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'token.xml'), xml);
  writeFileSync(join(folder, 'cert.pem'), certificatePem);
  const { status, stderr, stdout } = spawnSync(
    XMLSEC,
    ['--verify', '--id-attr:AssertionID', `${SAML}:Assertion`, '--pubkey-cert-pem', join(folder, 'cert.pem'), join(folder, 'token.xml')],
    { encoding: 'utf8' },
  );
  return { good: status === 0, text: `${stdout}${stderr}` };
}

test('xml-crypto and xmlsec1 accept the signature, and reject it after any change', async (t) => {
  const xml = await make();
  const parts = signedReferences(xml, certificatePem);
  assert.equal(parts?.length, 1);
  assert.match(parts?.[0] ?? '', /^<saml:Assertion /);
  const changes = [
    xml.replace('>3f2c<', '>admin<'),
    xml.replace('urn:auth0:fabrikam', 'urn:auth0:other'),
    xml.replace('Staff', 'Admins'),
    xml.replace('NotOnOrAfter="2026', 'NotOnOrAfter="2027'),
    xml.replace('Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"', 'Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"'),
  ];
  for (const changed of changes) {
    assert.notEqual(changed, xml);
    assert.equal(signedReferences(changed, certificatePem), undefined);
  }
  if (!existsSync(XMLSEC) && process.env.CI !== 'true') return t.diagnostic(`${XMLSEC} is missing (Debian package xmlsec1)`);
  const { good, text } = verdict(t, xml);
  assert.ok(good, text);
  for (const changed of changes) assert.equal(verdict(t, changed).good, false);
});

test('algorithms, order of elements and lifetime follow the protocol', async () => {
  const root = parseWithXmldom(await make());
  const one = (name: string): DomElement => {
    const found = root.getElementsByTagName(name);
    assert.ok(found[0], name);
    return found[0];
  };
  assert.equal(root.tagName, 't:RequestSecurityTokenResponse');
  assert.equal(root.getAttribute('xmlns:t'), 'http://schemas.xmlsoap.org/ws/2005/02/trust');
  assert.equal(root.getAttribute('Context'), 'st&te');
  const assertion = one('saml:Assertion');
  assert.equal(assertion.getAttribute('Issuer'), 'urn:fabrikam.example');
  assert.deepEqual([assertion.getAttribute('MajorVersion'), assertion.getAttribute('MinorVersion')], ['1', '1']);
  assert.deepEqual(
    Array.from(assertion.childNodes, ({ tagName }) => tagName),
    ['saml:Conditions', 'saml:AttributeStatement', 'saml:AuthenticationStatement', 'Signature'],
  );
  const conditions = one('saml:Conditions');
  assert.equal(
    Date.parse(conditions.getAttribute('NotOnOrAfter') ?? '') - Date.parse(conditions.getAttribute('NotBefore') ?? ''),
    8 * 3_600_000,
  );
  const algorithms = ['CanonicalizationMethod', 'SignatureMethod', 'DigestMethod'].map((name) => one(name).getAttribute('Algorithm'));
  assert.deepEqual(algorithms, [
    'http://www.w3.org/2001/10/xml-exc-c14n#',
    'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'http://www.w3.org/2001/04/xmlenc#sha256',
  ]);
  assert.deepEqual(
    Array.from(root.getElementsByTagName('Transform'), (transform) => transform.getAttribute('Algorithm')),
    ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', 'http://www.w3.org/2001/10/xml-exc-c14n#'],
  );
  assert.equal(one('Reference').getAttribute('URI'), `#${assertion.getAttribute('AssertionID')}`);
  assert.equal(one('X509Certificate').textContent, signing.certificate.raw.toString('base64'));
});

test('claims have the names that Auth0 reads, and values survive unchanged', async () => {
  const root = parseWithXmldom(await make());
  const claims = Object.fromEntries(
    Array.from(root.getElementsByTagName('saml:Attribute'), (attribute) => [
      `${attribute.getAttribute('AttributeNamespace')}/${attribute.getAttribute('AttributeName')}`,
      Array.from(attribute.getElementsByTagName('saml:AttributeValue'), ({ textContent }) => textContent),
    ]),
  );
  const identity = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
  const other = 'http://schemas.passportjs.com';
  assert.deepEqual(claims, {
    [`${identity}/nameidentifier`]: ['3f2c'],
    [`${identity}/emailaddress`]: ['j@fabrikam.example'],
    [`${identity}/name`]: [profile.displayName],
    [`${identity}/givenname`]: ["J'ürgen"],
    [`${identity}/surname`]: ['Größe'],
    [`${other}/groups`]: ['Staff', 'a & b'],
    [`${other}/description`]: [profile.description],
    [`${other}/active`]: ['true'],
    [`${other}/logons`]: ['7'],
    [`${other}/manager`]: ['{"dn":"cn=m"}'],
    [`${other}/strange"<key>`]: ['x'],
  });
});

test('values cannot become markup, and forbidden characters do not break the token', async () => {
  const evil = '</saml:NameIdentifier><!-- --><saml:NameIdentifier>admin';
  const xml = await make({ id: evil, description: 'a\u0000b\u001bc\ud800d\uffff', title: 'x<!--y-->z]]>' });
  const root = parseWithXmldom(xml);
  const identifiers = Array.from(root.getElementsByTagName('saml:NameIdentifier'), ({ textContent }) => textContent);
  // One in each of the two statements.
  assert.deepEqual(identifiers, [evil, evil]);
  assert.ok(!xml.includes('<!--'));
  assert.ok(xml.includes('a\ufffdb\ufffdc\ufffdd\ufffd'));
  assert.equal(signedReferences(xml, certificatePem)?.length, 1);
});

test('rejects an id that XML cannot carry exactly', async (t) => {
  for (const id of [undefined, '', ' ', 'adm\u0000in', 'a\ud800', {}, ['x']]) {
    await t.test(JSON.stringify(id) ?? 'undefined', () =>
      assert.rejects(make({ id }), (error: unknown) => error instanceof CodedError && error.code === 'PROFILE_WITHOUT_ID'),
    );
  }
});

test('an issuer that is neither a URL nor a URN becomes a URN', async (t) => {
  for (const [given, expected] of [
    ['https://fabrikam.example/x', 'https://fabrikam.example/x'],
    ['urn:fabrikam', 'urn:fabrikam'],
    ['fabrikam', 'urn:fabrikam'],
  ] as const) {
    await t.test(given, async () => {
      const xml = await make({}, { ...issuer, issuer: given });
      assert.equal(parseWithXmldom(xml).getElementsByTagName('saml:Assertion')[0]?.getAttribute('Issuer'), expected);
    });
  }
});
