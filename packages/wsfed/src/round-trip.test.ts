/** Tokens of the issuing side, read by the verifying side: any profile comes back with the same claims, and no changed token is accepted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeIdentity } from '@landbridge/lab';
import type { Profile } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import fc from 'fast-check';
import { AUDIENCE, ISSUER, signerOf, signingPairOf, verified } from '../test/tokens.ts';
import { issueToken } from './issue.ts';
import type { AuthenticationMethod } from './names.ts';
import { fitsXml } from './xml-text.ts';

const identity = makeIdentity();
const policy = { signers: [signerOf(identity)] };
const issuer = { issuer: ISSUER, audience: AUDIENCE, lifetimeMs: 60_000, signing: signingPairOf(identity) };
const issue = (profile: Profile, context: string | undefined = undefined, method: AuthenticationMethod = 'kerberos') =>
  issueToken({ profile, subject: 'anna-subject', method, authenticatedAt: new Date(), context }, issuer);

/** Characters with a meaning in XML, in line ends, or forbidden; with `binary`, unpaired surrogates too. */
const odd = fc.constantFrom(...'<>&"\'\r\n\t]\u0000\u0008\u000b\u001b\u007f\u0085\u2028\ufeff\ufffe\uffff\ud800\udc00é東😀');
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: odd, maxLength: 20 }),
  fc.string(),
  fc.constantFrom('', ' ', ']]>', '<!-- -->', '&#0;', '&amp;', '</saml:Assertion>', '\r\n'),
);
const id = text.filter((value) => value.trim() !== '' && fitsXml(value));
const value = fc.oneof(
  text,
  fc.integer(),
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.array(text, { maxLength: 5 }),
  fc.jsonValue(),
);
const profiles: fc.Arbitrary<Profile> = fc
  .record(
    {
      displayName: text,
      name: fc.record({ givenName: text, familyName: text }, { requiredKeys: [] }),
      emails: fc.array(fc.record({ value: text }), { maxLength: 3 }),
      groups: fc.oneof(
        fc.array(text, { maxLength: 5 }),
        fc.integer({ min: 100, max: 3000 }).map((count) => Array.from({ length: count }, (_, n) => `CN=Group ${n},DC=x`)),
      ),
    },
    { requiredKeys: [] },
  )
  .chain((known) =>
    fc.dictionary(text, value, { maxKeys: 6 }).chain((others) => id.map((subject) => ({ ...others, ...known, id: subject }))),
  );

/** What the contract lets a token carry of a profile, written without the code under test. */
function carried(profile: Profile): Profile {
  const clean = (given: string) => given.toWellFormed().replace(/[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\ufffd');
  const texts = (given: unknown): string[] =>
    Array.isArray(given)
      ? given.flatMap(texts)
      : given === undefined || given === null || given === ''
        ? []
        : [clean(typeof given === 'object' ? JSON.stringify(given) : String(given))];
  const { id: subject, displayName, name, emails, ...others } = profile;
  const [givenName] = texts(Reflect.get(Object(name), 'givenName'));
  const [familyName] = texts(Reflect.get(Object(name), 'familyName'));
  const mail: unknown = Array.isArray(emails) ? emails[0] : undefined;
  const [email] = texts(typeof mail === 'object' && mail !== null ? Reflect.get(mail, 'value') : mail);
  const rest = Object.entries(others).flatMap(([key, given]) => {
    const all = texts(given);
    return key === '' || all.length === 0 ? [] : [[clean(key), all.length === 1 && key !== 'groups' ? all[0] : all] as const];
  });
  return {
    ...Object.fromEntries(rest),
    id: subject,
    displayName: texts(displayName)[0],
    ...(givenName === undefined && familyName === undefined ? {} : { name: { givenName, familyName } }),
    ...(email === undefined ? {} : { emails: [{ value: email }] }),
  };
}

test('any profile that is issued verifies and has the same claims', () =>
  fc.assert(
    fc.asyncProperty(profiles, fc.option(text, { nil: undefined }), async (profile, context) => {
      const { profile: read, amr } = verified(await issue(profile, context), policy);
      assert.deepEqual(read, carried(profile));
      assert.deepEqual(amr, ['wia']);
    }),
    { numRuns: 300 },
  ));

test('each authentication method comes back as its amr', async (t) => {
  for (const [method, amr] of [
    ['password', 'pwd'],
    ['kerberos', 'wia'],
    ['certificate', 'pop'],
  ] as const) {
    await t.test(method, async () => assert.deepEqual(verified(await issue({ id: 'anna' }, undefined, method), policy).amr, [amr]));
  }
});

test('a token that was changed anywhere is rejected, or reads exactly as before', async () => {
  const token = await issue({ id: 'anna', displayName: 'Anna', groups: ['Staff', 'VPN'], title: 'é & <b>' }, 'state');
  const { assertionId, ...before } = verified(token, policy);
  const at = fc.nat({ max: token.length - 1 });
  const mutations = fc.oneof(
    fc
      .tuple(at, fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }))
      .map(([n, c]) => token.slice(0, n) + c + token.slice(n + 1)),
    fc.tuple(at, fc.string({ unit: 'binary', maxLength: 5 })).map(([n, inserted]) => token.slice(0, n) + inserted + token.slice(n)),
    fc.tuple(at, fc.nat({ max: 200 })).map(([n, length]) => token.slice(0, n) + token.slice(n + length)),
    fc.tuple(at, at, fc.nat({ max: 400 })).map(([n, m, length]) => token.slice(0, n) + token.slice(m, m + length) + token.slice(n)),
    fc
      .constantFrom(...(token.match(/<[^<>]*>/g) ?? []))
      .chain((tag) => fc.constantFrom(token.replace(tag, ''), token.replace(tag, tag + tag))),
  );
  fc.assert(
    fc.property(mutations, (changed) => {
      try {
        const { assertionId: id, ...after } = verified(changed, policy);
        assert.equal(id, assertionId);
        assert.deepEqual({ ...after, authenticatedAt: undefined }, { ...before, authenticatedAt: undefined });
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        assert.match(error.code, /^(ASSERTION|XML)_REFUSED$/);
      }
    }),
    { numRuns: 3000 },
  );
});

test('a change to any text or attribute of the assertion is rejected', async () => {
  const token = await issue({ id: 'anna', displayName: 'Anna', groups: ['Staff', 'VPN'] });
  const assertion = token.indexOf('<saml:Assertion');
  const end = token.indexOf('<Signature ');
  const places = [...token.matchAll(/[\w.:/-]+(?=[^<>]*(<|"))/g)].map(({ index }) => index).filter((n) => n > assertion && n < end);
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 3 }), (n, inserted) => {
      fc.pre(!/^\s+$/.test(inserted));
      assert.throws(() => verified(token.slice(0, n) + inserted + token.slice(n), policy), CodedError);
    }),
    { numRuns: 500 },
  );
});
