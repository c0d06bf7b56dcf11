/** Which users principals and proxies' headers stand for. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identityOfPrincipal, parsePrincipal } from './principal.ts';
import { identityOfHeader } from './proxy-header.ts';

const REALM = 'FABRIKAM.LOCAL';
const realms = [REALM];

describe('parsePrincipal', () => {
  it('unescapes components and separates the realm', () => {
    assert.deepEqual(parsePrincipal(`alice@${REALM}`), { components: ['alice'], realm: REALM });
    assert.deepEqual(parsePrincipal(`HTTP/sso.fabrikam.local@${REALM}`), { components: ['HTTP', 'sso.fabrikam.local'], realm: REALM });
    assert.deepEqual(parsePrincipal(`a\\@b\\/c\\\\d\\n\\0@${REALM}`), { components: ['a@b/c\\d\n\0'], realm: REALM });
    assert.deepEqual(parsePrincipal('alice@C/O'), { components: ['alice'], realm: 'C/O' });
  });

  for (const text of ['', 'alice', '@', 'alice@', `@${REALM}`, `a//b@${REALM}`, 'a@b@c', 'alice@R\\']) {
    it(`rejects "${text}"`, () => assert.equal(parsePrincipal(text), undefined));
  }
});

describe('identityOfPrincipal', () => {
  for (const name of ['alice', '山田']) {
    it(`finds ${name} of a trusted realm by account name`, () => {
      const principal = `${name}@${REALM}`;
      assert.deepEqual(identityOfPrincipal(principal, { rule: 'account', realms }), { method: 'kerberos', name, principal });
    });
  }

  for (const text of [
    'alice@OTHER.LOCAL',
    'alice@fabrikam.local',
    `alice@${REALM}.EVIL`,
    `alice\\@${REALM}@OTHER.LOCAL`,
    // A directory would read these as the name of another user.
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
    it(`rejects ${text}`, () => assert.ok('refused' in identityOfPrincipal(text, { rule: 'account', realms })));
  }

  it('rejects every principal if no realm is trusted', () => {
    assert.ok('refused' in identityOfPrincipal(`alice@${REALM}`, { rule: 'account', realms: [] }));
  });

  it('searches for the whole name as a value under the other rules', () => {
    const text = `a*)(cn=\\@x@${REALM}`;
    const byUpn = identityOfPrincipal(text, { rule: 'userPrincipalName', realms });
    assert.ok(!('refused' in byUpn));
    assert.deepEqual(byUpn.filter?.value.toString(), `a*)(cn=@x@${REALM}`);
    const byKrb = identityOfPrincipal(text, { rule: 'krbPrincipalName', realms });
    assert.ok(!('refused' in byKrb));
    assert.deepEqual(byKrb.filter?.value.toString(), text);
  });

  for (const rule of ['userPrincipalName', 'krbPrincipalName'] as const) {
    it(`rejects foreign realms and anonymous tickets under the rule ${rule}`, () => {
      assert.ok('refused' in identityOfPrincipal('alice@OTHER.LOCAL', { rule, realms }));
      assert.ok('refused' in identityOfPrincipal(`WELLKNOWN/ANONYMOUS@${REALM}`, { rule, realms }));
    });
  }
});

describe('identityOfHeader', () => {
  const account = { rule: 'account' as const };
  const nameOf = (value: string, given: readonly string[] | undefined) => {
    const identity = identityOfHeader(value, { ...account, realms: given });
    assert.ok(identity !== undefined && !('refused' in identity), JSON.stringify(identity));
    assert.deepEqual([identity.method, identity.principal], ['proxy-header', value]);
    return identity.name;
  };

  for (const value of [`alice@${REALM}`, 'alice@fabrikam.local', 'Fabrikam.Local\\alice', ' alice ']) {
    it(`accepts "${value}" of a trusted domain`, () => assert.equal(nameOf(value, realms), 'alice'));
  }

  it('accepts a NetBIOS domain in KERBEROS_REALMS', () => assert.equal(nameOf('FABRIKAM\\alice', ['FABRIKAM']), 'alice'));

  it('keeps the domain for the directory if KERBEROS_REALMS is not set', () => {
    assert.equal(nameOf('FABRIKAM\\alice', undefined), 'FABRIKAM\\alice');
    assert.equal(nameOf(`alice@${REALM}`, undefined), `${REALM}\\alice`);
  });

  it('searches for the whole name under the rule userPrincipalName', () => {
    for (const given of [realms, undefined]) {
      const identity = identityOfHeader(`alice@${REALM}`, { rule: 'userPrincipalName', realms: given });
      assert.ok(identity !== undefined && !('refused' in identity));
      assert.equal(identity.method, 'proxy-header');
      assert.equal(identity.filter?.value.toString(), `alice@${REALM}`);
    }
    const foreign = identityOfHeader('alice@OTHER', { rule: 'userPrincipalName', realms });
    assert.ok(foreign !== undefined && 'refused' in foreign);
  });

  for (const value of ['', '  ', '(null)']) {
    it(`finds no user in "${value}"`, () => assert.equal(identityOfHeader(value, { ...account, realms }), undefined));
  }

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
    it(`rejects ${JSON.stringify(value.slice(0, 40))}`, () => {
      const identity = identityOfHeader(value, { ...account, realms });
      assert.ok(identity !== undefined && 'refused' in identity);
    });
  }
});
