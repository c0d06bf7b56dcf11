import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settingFilter } from './directory.ts';
import { parseFilter } from './filter.ts';
import { withEscapedValues } from './filter-text.ts';

describe('a filter that replaced connectors accepted', () => {
  for (const [given, meant] of [
    ['(ou=App (Prod))', '(ou=App \\28Prod\\29)'],
    ['(&(uid={0})(!(ou=App (Prod))))', '(&(uid={0})(!(ou=App \\28Prod\\29)))'],
    ['(&(uid={0})(!(ou=App \\(Prod\\))))', '(&(uid={0})(!(ou=App \\28Prod\\29)))'],
    ['(memberOf=CN=A (b (c)) d,OU=x)', '(memberOf=CN=A \\28b \\28c\\29\\29 d,OU=x)'],
    ['(|(cn=a (b)*)(cn=*(c)))', '(|(cn=a \\28b\\29*)(cn=*\\28c\\29))'],
    ['(cn:dn:2.5.13.5:=a (b))', '(cn:dn:2.5.13.5:=a \\28b\\29)'],
    ['(cn=\\))', '(cn=\\29)'],
  ] as const) {
    it(`means ${meant} if it is ${given}`, () => {
      assert.equal(withEscapedValues(given), meant);
      assert.deepEqual(settingFilter('LDAP_USER_BY_NAME', given), parseFilter(meant));
    });
  }

  it('is unchanged if it is valid', () => {
    for (const text of ['(&(a=b)(|(c=*)(!(d=e\\28f\\29))))', '( & (a=b) (c=d))', '(a=\\5c)', 'a=b', '(a>=1)']) {
      assert.equal(withEscapedValues(text), text);
    }
  });

  it('is refused if its parentheses are unbalanced', () => {
    for (const text of ['(cn=a (b)', '(&(cn=a)', '(cn=a))', '(cn=\\x)']) {
      assert.throws(() => settingFilter('LDAP_USER_BY_NAME', text), { code: 'LDAP_FILTER_INVALID' }, text);
    }
  });
});
