/** The content of an assertion: audience, issuer, times and subject. Signatures are not checked here. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type AssertionParts, assertionXml } from '@landbridge/lab';
import { AUDIENCE, assertRejected, ISSUER } from '../test/tokens.ts';
import { readAssertion } from './verify.ts';
import { parseXml } from './xml-reader.ts';

type Change = (xml: string) => string;

/** @param change has to change something */
function read(parts: AssertionParts = {}, change?: Change, now = new Date(), fresh = false): ReturnType<typeof readAssertion> {
  const before = assertionXml({ issuedAt: now, ...parts });
  const xml = change === undefined ? before : change(before);
  if (change !== undefined) assert.notEqual(xml, before);
  const policy = { audience: AUDIENCE, issuer: ISSUER, requestedAt: now, fresh, clockSkewMs: 5 * 60_000, now };
  return readAssertion(parseXml(xml), policy);
}

/** Runs a subtest for each assertion. */
async function rejectsEach(t: TestContext, why: RegExp, cases: Record<string, AssertionParts | Change>): Promise<void> {
  for (const [name, one] of Object.entries(cases)) {
    await t.test(name, () => assertRejected(() => (typeof one === 'function' ? read({}, one) : read(one)), why));
  }
}

const minutes = (n: number) => new Date(Date.now() + n * 60_000);
const restriction = (...names: string[]) =>
  `<saml:AudienceRestrictionCondition>${names.map((name) => `<saml:Audience>${name}</saml:Audience>`).join('')}</saml:AudienceRestrictionCondition>`;

test('rejects an assertion for another audience', async (t) => {
  const others = ['urn:landbridge:other', `${AUDIENCE} `, AUDIENCE.toUpperCase(), '', `${AUDIENCE}x`];
  await rejectsEach(t, /audience is not "urn:landbridge:corp"/, {
    ...Object.fromEntries(others.map((audience) => [`"${audience}"`, { audience }])),
    'no restriction': (xml) => xml.replace(restriction(AUDIENCE), ''),
    'no audience in the restriction': (xml) => xml.replace(restriction(AUDIENCE), restriction()),
    'a second restriction': { conditions: restriction('urn:landbridge:other') },
  });
});

test('accepts one of several audiences of a restriction', () => {
  assert.ok(read({}, (xml) => xml.replace(restriction(AUDIENCE), restriction('urn:other', AUDIENCE))));
});

test('rejects unknown conditions', async (t) => {
  await rejectsEach(t, /unknown condition/, {
    'an abstract one': { conditions: '<saml:Condition>never</saml:Condition>' },
    'of another namespace': { conditions: '<x:DoNotCacheCondition xmlns:x="urn:x"></x:DoNotCacheCondition>' },
  });
  assert.ok(read({ conditions: '<saml:DoNotCacheCondition></saml:DoNotCacheCondition>' }));
});

test('rejects anything but one Conditions element', async (t) => {
  const [good = ''] = /<saml:Conditions.*<\/saml:Conditions>/.exec(assertionXml()) ?? [];
  const foreign = good.replace(AUDIENCE, 'urn:landbridge:other');
  await rejectsEach(t, /exactly one Conditions/, {
    'conditions as advice': (xml) => xml.replaceAll('saml:Conditions', 'saml:Advice'),
    'others before': (xml) => xml.replace('<saml:Conditions', `${foreign}<saml:Conditions`),
    'others at the end': (xml) => xml.replace('</saml:Assertion>', `${foreign}</saml:Assertion>`),
  });
});

test('rejects an assertion of another issuer', async (t) => {
  const others = ['urn:evil', 'localhost', `${ISSUER} `, ISSUER.toUpperCase(), 'https://localhost', ''];
  await rejectsEach(t, /issuer is not/, {
    ...Object.fromEntries(others.map((issuer) => [`"${issuer}"`, { issuer }])),
    'in another namespace': (xml) => xml.replace(' Issuer=', ' xmlns:p="urn:p" p:Issuer='),
  });
});

test('rejects other versions of SAML', (t) =>
  rejectsEach(t, /not a SAML 1\.1 assertion/, {
    'version 2': (xml) => xml.replace('MajorVersion="1"', 'MajorVersion="2"'),
    'no version': (xml) => xml.replace(' MajorVersion="1"', ''),
  }));

test('rejects an assertion outside of its times, allowing for clock skew', async (t) => {
  await rejectsEach(t, /expired/, { expired: { notOnOrAfter: minutes(-6), notBefore: minutes(-60) } });
  await rejectsEach(t, /not valid yet/, { 'not valid yet': { notBefore: minutes(6) } });
  await rejectsEach(t, /before this sign-in began/, { 'issued before the sign-in': { issuedAt: minutes(-6) } });
  assert.ok(read({ issuedAt: minutes(-4), notOnOrAfter: minutes(-4) }));
  assert.ok(read({ issuedAt: minutes(4) }));
});

test('rejects an authentication before the sign-in if the application requires a new one', () => {
  const now = new Date();
  const authenticatedAt = new Date(now.getTime() - 6 * 60_000);
  assertRejected(() => read({ authenticatedAt }, undefined, now, true), /requires a new authentication/);
  assert.ok(read({ authenticatedAt }, undefined, now, false));
  assert.ok(read({ authenticatedAt: new Date(now.getTime() - 4 * 60_000) }, undefined, now, true));
});

test('rejects times that are not in UTC', async (t) => {
  const invalid = [
    ...['', '2099', '2099-01-01', '2099-01-01T00:00:00', '2099-01-01T00:00:00+01:00', '+012099-01-01T00:00:00Z'],
    ...['2099-13-01T00:00:00Z', '2099-02-31T25:00:00Z', '9'.repeat(400), 'Infinity', '1e400', ' 2099-01-01T00:00:00Z'],
  ];
  for (const name of ['IssueInstant', 'NotBefore', 'NotOnOrAfter', 'AuthenticationInstant']) {
    const attribute = new RegExp(` ${name}="[^"]*"`);
    const cases = invalid.map((text): [string, Change] => [
      `${name}="${text.slice(0, 40)}"`,
      (xml) => xml.replace(attribute, ` ${name}="${text}"`),
    ]);
    await rejectsEach(t, new RegExp(`${name} is not a UTC time`), {
      ...Object.fromEntries(cases),
      [`no ${name}`]: (xml) => xml.replace(attribute, ''),
    });
  }
  assert.ok(read({}, (xml) => xml.replace(/(NotOnOrAfter="[^"]*)\.\d+Z/, '$1.123456789Z')));
});

test('rejects an assertion that does not name exactly one subject throughout', async (t) => {
  const [subject = ''] = /<saml:Subject>.*?<\/saml:Subject>/.exec(assertionXml()) ?? [];
  const boss = subject.replace('anna-id', 'boss-id');
  const [, identifier = ''] = /(<saml:NameIdentifier>.*?<\/saml:NameIdentifier>)/.exec(boss) ?? [];
  const statement = `<saml:AttributeStatement>${boss}</saml:AttributeStatement>`;
  const foreignStatement = statement.replaceAll('saml:AttributeStatement', 'x:OtherStatement').replace('>', ' xmlns:x="urn:x">');
  await rejectsEach(t, /name exactly one subject/, {
    'no name': { nameIdentifier: '' },
    'another subject in the first statement': (xml) => xml.replace(subject, boss),
    'another subject in the last statement': (xml) => xml.replace(new RegExp(`^(.*)${subject}`), `$1${boss}`),
    'a third statement with another subject': (xml) => xml.replace('</saml:Assertion>', `${statement}</saml:Assertion>`),
    'a foreign statement with another subject': (xml) => xml.replace('</saml:Assertion>', `${foreignStatement}</saml:Assertion>`),
    'a second subject after': (xml) => xml.replace(subject, subject + boss),
    'a second subject before': (xml) => xml.replace(subject, boss + subject),
    'a second identifier': (xml) => xml.replace('</saml:NameIdentifier>', `</saml:NameIdentifier>${identifier}`),
    'a statement without a subject': (xml) => xml.replace(subject, ''),
  });
  await rejectsEach(t, /where text is expected/, { 'an element in the name': { nameIdentifier: 'anna<saml:x></saml:x>-id' } });
  await rejectsEach(t, /nameidentifier claim differs/, { 'another user in a claim': { claims: { nameidentifier: 'boss-id' } } });
  assert.equal(read({ claims: { nameidentifier: 'anna-id' } }).profile.id, 'anna-id');
});

test('rejects anything but one AuthenticationStatement', (t) => {
  const statement = /<saml:AuthenticationStatement.*<\/saml:AuthenticationStatement>/;
  return rejectsEach(t, /exactly one AuthenticationStatement/, {
    none: (xml) => xml.replace(statement, ''),
    two: (xml) => xml.replace(statement, '$&$&'),
  });
});

test('never reads an authentication time in the future', () => {
  const now = new Date();
  const earlier = new Date(now.getTime() - 3_600_000);
  assert.deepEqual(read({ authenticatedAt: earlier }, undefined, now).authenticatedAt, earlier);
  assert.deepEqual(read({ authenticatedAt: new Date(now.getTime() + 200_000) }, undefined, now).authenticatedAt, now);
});

test('claims do not reach the prototype and do not override the subject', () => {
  const others = { ['__proto__']: 'polluted', constructor: 'y', id: 'boss-id', displayName: 'Boss' };
  const { profile } = read({ others: { ...others, groups: 'Staff' } });
  assert.equal(profile.id, 'anna-id');
  assert.equal(profile.displayName, 'Anna');
  assert.deepEqual(profile.groups, ['Staff']);
  assert.equal(Object.getPrototypeOf(profile), Object.prototype);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

test('the immutable id is our own claim, else the subject of the assertion, and never a key of the profile', () => {
  const claim = (name: string, namespace: string, ...values: string[]) =>
    `<saml:Attribute AttributeName="${name}" AttributeNamespace="${namespace}">${values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('')}</saml:Attribute>`;
  const withClaim = (xml: string) => (before: string) => before.replace('</saml:AttributeStatement>', `${xml}</saml:AttributeStatement>`);
  const ours = 'http://schemas.landbridge.dev/identity/claims';
  assert.equal(read().subject, 'anna-id');
  const { subject, profile } = read({}, withClaim(claim('subject', ours, 'anna-uuid')));
  assert.deepEqual([subject, profile.id, profile.subject], ['anna-uuid', 'anna-id', undefined]);
  for (const [name, namespace] of [
    ['subject', 'http://schemas.passportjs.com'],
    [`${ours}/subject`, 'http://schemas.passportjs.com'],
    ['landbridge.dev/identity/claims/subject', 'http://schemas.passportjs.com'],
  ] as const) {
    assert.equal(read({}, withClaim(claim(name, namespace, 'boss-uuid'))).subject, 'anna-id', name);
  }
  for (const twice of [
    claim('subject', ours, 'a', 'b'),
    claim('subject', ours),
    claim('subject', ours, 'a') + claim('subject', ours, 'b'),
  ]) {
    assertRejected(() => read({}, withClaim(twice)), /subject claim does not have exactly one value/);
  }
});
