/** What an assertion says, and what it must not leave open: for whom it is, about whom, by whom and when. Its signature is taken for good here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError, errorText } from '@landbridge/runtime';
import { type AssertionParts, assertionXml } from '../../test/foreign-assertion.ts';
import { readAssertion } from './assertion.ts';
import { parseXml } from './xml.ts';

const AUDIENCE = 'urn:landbridge:corp';

/** @param change what is written otherwise than assertions are; it has to change something */
function read(parts: AssertionParts = {}, change?: (xml: string) => string, now = new Date()) {
  const before = assertionXml({ issuedAt: now, ...parts });
  const xml = change === undefined ? before : change(before);
  if (change !== undefined) assert.notEqual(xml, before);
  return readAssertion(parseXml(xml), { audience: AUDIENCE, issuer: 'urn:localhost', sentAt: now, now });
}

function isRefused(why: RegExp, parts: AssertionParts, change?: (xml: string) => string): void {
  assert.throws(
    () => read(parts, change),
    (error) => error instanceof CodedError && /^(ASSERTION|XML)_REFUSED$/.test(error.code) && why.test(errorText(error)),
    `${why}`,
  );
}

const minutes = (n: number) => new Date(Date.now() + n * 60_000);

test('for whom', () => {
  const restriction = (...names: string[]) =>
    `<saml:AudienceRestrictionCondition>${names.map((name) => `<saml:Audience>${name}</saml:Audience>`).join('')}</saml:AudienceRestrictionCondition>`;
  for (const audience of ['urn:landbridge:other', `${AUDIENCE} `, AUDIENCE.toUpperCase(), '', `${AUDIENCE}x`]) {
    isRefused(/not for "urn:landbridge:corp"/, { audience });
  }
  isRefused(/not for/, {}, (xml) => xml.replace(restriction(AUDIENCE), ''));
  isRefused(/not for/, {}, (xml) => xml.replace(restriction(AUDIENCE), restriction()));
  // In one restriction any of several is meant, and of several restrictions each (saml-core-1.1, section 2.3.2.1.3).
  assert.ok(read({}, (xml) => xml.replace(restriction(AUDIENCE), restriction('urn:other', AUDIENCE))));
  isRefused(/not for/, { conditions: restriction('urn:landbridge:other') });
  isRefused(/condition that is not known/, { conditions: '<saml:Condition>never</saml:Condition>' });
  isRefused(/condition that is not known/, { conditions: '<x:DoNotCacheCondition xmlns:x="urn:x"></x:DoNotCacheCondition>' });
  assert.ok(read({ conditions: '<saml:DoNotCacheCondition></saml:DoNotCacheCondition>' }));
  // An audience beside the conditions is none.
  isRefused(/one list of conditions/, {}, (xml) => xml.replaceAll('saml:Conditions', 'saml:Advice'));
  const [good] = /<saml:Conditions.*<\/saml:Conditions>/.exec(assertionXml()) ?? [''];
  isRefused(/one list of conditions/, { audience: 'urn:landbridge:other' }, (xml) =>
    xml.replace('<saml:Conditions', `${good}<saml:Conditions`),
  );
  isRefused(/one list of conditions/, { audience: 'urn:landbridge:other' }, (xml) =>
    xml.replace('</saml:Assertion>', `${good}</saml:Assertion>`),
  );
});

test('by whom', () => {
  for (const issuer of ['urn:evil', 'localhost', 'urn:localhost ', 'URN:LOCALHOST', 'https://localhost', ''])
    isRefused(/issuer/, { issuer });
  isRefused(/issuer/, {}, (xml) => xml.replace(' Issuer=', ' xmlns:p="urn:p" p:Issuer='));
  isRefused(/not of SAML 1\.1/, {}, (xml) => xml.replace('MajorVersion="1"', 'MajorVersion="2"'));
  isRefused(/not of SAML 1\.1/, {}, (xml) => xml.replace(' MajorVersion="1"', ''));
});

test('when', () => {
  isRefused(/expired/, { notOnOrAfter: minutes(-6), notBefore: minutes(-60) });
  isRefused(/not valid yet/, { notBefore: minutes(6) });
  isRefused(/before this sign-in began/, { issuedAt: minutes(-6) });
  assert.ok(read({ issuedAt: minutes(-4), notOnOrAfter: minutes(-4) }));
  assert.ok(read({ issuedAt: minutes(4) }));
  // What is no time in UTC is none, and not the beginning of time or its end.
  for (const name of ['IssueInstant', 'NotBefore', 'NotOnOrAfter', 'AuthenticationInstant']) {
    const attribute = new RegExp(` ${name}="[^"]*"`);
    for (const text of ['', '2099', '2099-01-01', '2099-01-01T00:00:00', '2099-01-01T00:00:00+01:00', '+012099-01-01T00:00:00Z']) {
      isRefused(new RegExp(`${name} is not a time in UTC`), {}, (xml) => xml.replace(attribute, ` ${name}="${text}"`));
    }
    for (const text of ['2099-13-01T00:00:00Z', '2099-02-31T25:00:00Z', '9'.repeat(400), 'Infinity', '1e400', ' 2099-01-01T00:00:00Z']) {
      isRefused(new RegExp(`${name} is not a time in UTC`), {}, (xml) => xml.replace(attribute, ` ${name}="${text}"`));
    }
    isRefused(new RegExp(`${name} is not a time in UTC`), {}, (xml) => xml.replace(attribute, ''));
  }
  assert.ok(read({}, (xml) => xml.replace(/(NotOnOrAfter="[^"]*)\.\d+Z/, '$1.123456789Z')));
});

test('about whom: one person, whom every part of it names', () => {
  isRefused(/two persons/, { claims: { nameidentifier: 'boss-id' } });
  assert.equal(read({ claims: { nameidentifier: 'anna-id' } }).profile.id, 'anna-id');
  isRefused(/one person/, { nameIdentifier: '' });
  isRefused(/where text is expected/, { nameIdentifier: 'anna<saml:x></saml:x>-id' });
  const [subject = ''] = /<saml:Subject>.*?<\/saml:Subject>/.exec(assertionXml()) ?? [];
  const boss = subject.replace('anna-id', 'boss-id');
  const [, identifier = ''] = /(<saml:NameIdentifier>.*?<\/saml:NameIdentifier>)/.exec(boss) ?? [];
  const statement = `<saml:AttributeStatement>${boss}</saml:AttributeStatement>`;
  // In the first of two statements, or the last, or in one more; beside the right one, before and behind it.
  isRefused(/not name one person/, {}, (xml) => xml.replace(subject, boss));
  isRefused(/not name one person/, {}, (xml) => xml.replace(new RegExp(`^(.*)${subject}`), `$1${boss}`));
  isRefused(/not name one person/, {}, (xml) => xml.replace('</saml:Assertion>', `${statement}</saml:Assertion>`));
  isRefused(/not name one person/, {}, (xml) =>
    xml.replace(
      '</saml:Assertion>',
      `${statement.replaceAll('saml:AttributeStatement', 'x:OtherStatement').replace('>', ' xmlns:x="urn:x">')}</saml:Assertion>`,
    ),
  );
  isRefused(/not name one person/, {}, (xml) => xml.replace(subject, subject + boss));
  isRefused(/not name one person/, {}, (xml) => xml.replace(subject, boss + subject));
  isRefused(/not name one person/, {}, (xml) => xml.replace('</saml:NameIdentifier>', `</saml:NameIdentifier>${identifier}`));
  isRefused(/not name one person/, {}, (xml) => xml.replace(subject, ''));
  isRefused(/how the person was authenticated/, {}, (xml) =>
    xml.replace(/<saml:AuthenticationStatement.*<\/saml:AuthenticationStatement>/, ''),
  );
  isRefused(/how the person was authenticated/, {}, (xml) =>
    xml.replace(/<saml:AuthenticationStatement.*<\/saml:AuthenticationStatement>/, '$&$&'),
  );
});

test('when the person proved it is never later than now', () => {
  const now = new Date();
  const earlier = new Date(now.getTime() - 3_600_000);
  assert.deepEqual(read({ authenticatedAt: earlier }, undefined, now).authenticatedAt, earlier);
  assert.deepEqual(read({ authenticatedAt: new Date(now.getTime() + 200_000) }, undefined, now).authenticatedAt, now);
});

test('a claim reaches no prototype, and none stands for what the subject says', () => {
  const others = { ['__proto__']: 'polluted', constructor: 'y', id: 'boss-id', displayName: 'Boss' };
  const { profile } = read({ others: { ...others, groups: 'Staff' } });
  assert.equal(profile.id, 'anna-id');
  assert.equal(profile.displayName, 'Anna');
  assert.deepEqual(profile.groups, ['Staff']);
  assert.equal(Object.getPrototypeOf(profile), Object.prototype);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});
