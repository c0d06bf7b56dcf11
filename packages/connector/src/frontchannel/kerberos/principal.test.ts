/** Whom principals and proxies' headers stand for, and which of them for nobody. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePrincipal, personOfPrincipal } from './principal.ts';
import { personOfHeader } from './proxy-header.ts';

const REALM = 'FABRIKAM.LOCAL';
const realms = [REALM];

describe('a principal', () => {
  it('is taken apart as the library writes it', () => {
    assert.deepEqual(parsePrincipal(`alice@${REALM}`), { components: ['alice'], realm: REALM });
    assert.deepEqual(parsePrincipal(`HTTP/sso.fabrikam.local@${REALM}`), { components: ['HTTP', 'sso.fabrikam.local'], realm: REALM });
    assert.deepEqual(parsePrincipal(`a\\@b\\/c\\\\d\\n\\0@${REALM}`), { components: ['a@b/c\\d\n\0'], realm: REALM });
    assert.deepEqual(parsePrincipal('alice@C/O'), { components: ['alice'], realm: 'C/O' });
    for (const text of ['', 'alice', '@', 'alice@', `@${REALM}`, `a//b@${REALM}`, 'a@b@c', 'alice@R\\']) {
      assert.equal(parsePrincipal(text), undefined, text);
    }
  });

  it('of a trusted realm is a person, and nothing else is', () => {
    assert.deepEqual(personOfPrincipal(`alice@${REALM}`, { rule: 'account', realms }), { name: 'alice' });
    assert.deepEqual(personOfPrincipal(`山田@${REALM}`, { rule: 'account', realms }), { name: '山田' });
    for (const text of [
      'alice@OTHER.LOCAL',
      'alice@fabrikam.local',
      `alice@${REALM}.EVIL`,
      `alice\\@${REALM}@OTHER.LOCAL`,
      // Names that a directory would take apart, and read as somebody else's.
      `alice\\@brand.example@${REALM}`,
      `FABRIKAM\\\\alice@${REALM}`,
      `alice\\/x@${REALM}`,
      `alice\\0@${REALM}`,
      `alice/admin@${REALM}`,
      `HTTP/sso.fabrikam.local@${REALM}`,
      `PC1$@${REALM}`,
      `WELLKNOWN/ANONYMOUS@${REALM}`,
      'alice',
    ]) {
      assert.ok('refused' in personOfPrincipal(text, { rule: 'account', realms }), text);
    }
    assert.ok('refused' in personOfPrincipal(`alice@${REALM}`, { rule: 'account', realms: [] }));
  });

  it('is looked for as a value where a rule says so', () => {
    const text = `a*)(cn=\\@x@${REALM}`;
    const byUpn = personOfPrincipal(text, { rule: 'userPrincipalName', realms });
    assert.ok(!('refused' in byUpn));
    assert.deepEqual(byUpn.filter?.value.toString(), `a*)(cn=@x@${REALM}`);
    const byKrb = personOfPrincipal(text, { rule: 'krbPrincipalName', realms });
    assert.ok(!('refused' in byKrb));
    assert.deepEqual(byKrb.filter?.value.toString(), text);
    for (const rule of ['userPrincipalName', 'krbPrincipalName'] as const) {
      assert.ok('refused' in personOfPrincipal('alice@OTHER.LOCAL', { rule, realms }), rule);
      assert.ok('refused' in personOfPrincipal(`WELLKNOWN/ANONYMOUS@${REALM}`, { rule, realms }), rule);
    }
  });
});

describe("a proxy's header", () => {
  const account = { rule: 'account' as const };

  it('is understood in its three forms, with a domain that is trusted', () => {
    for (const value of [`alice@${REALM}`, 'alice@fabrikam.local', 'Fabrikam.Local\\alice', ' alice ']) {
      assert.deepEqual(personOfHeader(value, { ...account, realms }), { name: 'alice' }, value);
    }
    assert.deepEqual(personOfHeader('FABRIKAM\\alice', { ...account, realms: ['FABRIKAM'] }), { name: 'alice' });
  });

  it('leaves the domain to the directory where no realm is named', () => {
    assert.deepEqual(personOfHeader('FABRIKAM\\alice', { ...account, realms: undefined }), { name: 'FABRIKAM\\alice' });
    assert.deepEqual(personOfHeader(`alice@${REALM}`, { ...account, realms: undefined }), { name: `${REALM}\\alice` });
  });

  it('is looked for whole where a rule says so', () => {
    for (const given of [realms, undefined]) {
      const person = personOfHeader(`alice@${REALM}`, { rule: 'userPrincipalName', realms: given });
      assert.ok(person !== undefined && !('refused' in person));
      assert.equal(person.filter?.value.toString(), `alice@${REALM}`);
    }
    const foreign = personOfHeader('alice@OTHER', { rule: 'userPrincipalName', realms });
    assert.ok(foreign !== undefined && 'refused' in foreign);
  });

  it('names nobody where it is empty, foreign, or a name inside of a name', () => {
    for (const value of ['', '  ', '(null)']) assert.equal(personOfHeader(value, { ...account, realms }), undefined, value);
    for (const value of [
      'alice@OTHER',
      'OTHER\\alice',
      '\\alice',
      'FABRIKAM.LOCAL\\',
      `FABRIKAM.LOCAL\\bob@${REALM}`,
      `FABRIKAM.LOCAL\\OTHER\\alice`,
      `bob@OTHER@${REALM}`,
      `OTHER\\alice@${REALM}`,
      `PC1$@${REALM}`,
      'HTTP/sso',
      'alice\u0000',
      'x'.repeat(513),
    ]) {
      const person = personOfHeader(value, { ...account, realms });
      assert.ok(person !== undefined && 'refused' in person, value);
    }
  });
});
