import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDn } from '../ldap/dn.ts';
import { userDnTemplate } from './user-dn.ts';

const HOSTILE = [
  'alice',
  'x,ou=admins',
  'x+cn=admin',
  ' x ',
  ' ',
  '#04024869',
  'a\\,b',
  'a\\2cb',
  '"x"',
  '<x>;y=z',
  'nul\0inside',
  'line\nend',
  '{0}',
  "$&$1$'",
  '山田太郎 😀',
];

describe('the DN of LDAP_USER_DN', () => {
  it('contains the name, which cannot escape from its value', () => {
    const userDn = userDnTemplate('uid={0}, ou=people,dc=example,dc=org');
    assert.equal(userDn('alice'), 'uid=alice,ou=people,dc=example,dc=org');
    for (const name of HOSTILE) {
      assert.deepEqual(
        parseDn(userDn(name)),
        [['uid', name] as const, ['ou', 'people'] as const, ['dc', 'example'] as const, ['dc', 'org'] as const].map(([type, value]) => [
          { type, value },
        ]),
        JSON.stringify(name),
      );
    }
  });

  it('contains the name wherever the template has {0}: in part of a value, twice, in quotes, after an escape', () => {
    assert.equal(userDnTemplate('cn={0}+uid=x-{0},o=a\\,b')('a,b'), 'cn=a\\,b+uid=x-a\\,b,o=a\\,b');
    assert.equal(userDnTemplate('cn="{0}",o=x')('a"b'), 'cn=a\\"b,o=x');
    assert.equal(userDnTemplate('cn=\\{0},o=x')('x,o=y'), 'cn=x\\,o\\=y,o=x');
    assert.equal(userDnTemplate('cn=#{0},o=x')('0402'), 'cn=\\#0402,o=x');
  });

  it('contains precomposed accents', () => {
    assert.equal(userDnTemplate('cn={0}')('zoe\u0308'), 'cn=zo\u00eb');
  });

  for (const template of ['{0}', '{0}@fabrikam.local', 'FABRIKAM\\{0}', '{0}=x,o=y', 'uid=alice,o=x', 'uid={1},o=x', '']) {
    it(`is rejected if it is not a DN, or has no {0}: ${JSON.stringify(template)}`, () => {
      assert.throws(() => userDnTemplate(template), { code: 'LDAP_USER_DN_INVALID', message: /^LDAP_USER_DN/ });
    });
  }
});
