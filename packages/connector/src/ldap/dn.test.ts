import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dnKey, isWithin, organizationalUnits, parseDn } from './dn.ts';

/** As a server would write a value (RFC 4514, section 2.4). */
const escaped = (value: string) =>
  value
    .replace(/[\\,+"<>;=]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replaceAll('\0', '\\00');

describe('distinguished names', () => {
  it('are parsed, whatever their values contain', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 4 }), (values) => {
        // Lone surrogates cannot be encoded as UTF-8.
        const clean = values.map((value) => value.toWellFormed());
        const dn = clean.map((value) => `CN=${escaped(value)}`).join(',');
        assert.deepEqual(
          parseDn(dn),
          clean.map((value) => [{ type: 'cn', value }]),
        );
      }),
    );
  });

  it('are parsed in every form of RFC 4514 and its predecessors', () => {
    assert.deepEqual(parseDn('cn=a\\2cb+uid=x , OU = "b, c" ;dc=\\c3\\bc'), [
      [
        { type: 'cn', value: 'a,b' },
        { type: 'uid', value: 'x' },
      ],
      [{ type: 'ou', value: 'b, c' }],
      [{ type: 'dc', value: 'ü' }],
    ]);
    assert.deepEqual(parseDn(''), []);
    for (const text of ['x', 'cn', 'cn=a,', 'cn=a,b', 'c n=a', '=a', 'cn=a\\']) assert.equal(parseDn(text), undefined, text);
  });

  it('have one key in all their spellings', () => {
    const keys = ['CN=Doe\\, John,OU=People,DC=x', 'cn=doe\\2C john, ou=people ,dc=X', 'cn="Doe, John",ou=People,dc=x'].map(dnKey);
    assert.deepEqual(new Set(keys).size, 1);
    assert.notEqual(dnKey('cn=a\\,ou=b,dc=x'), dnKey('cn=a,ou=b,dc=x'));
  });

  it('contain the organizational units, nearest first', () => {
    assert.deepEqual(organizationalUnits('CN=Doe\\, John,OU=IT \\+ Ops,OU=People,DC=fabrikam,DC=local'), ['IT + Ops', 'People']);
    assert.deepEqual(organizationalUnits('OU=itself,DC=x'), []);
    assert.deepEqual(organizationalUnits('not a name'), []);
  });
});

describe('the position of an entry', () => {
  it('is decided by names, not by text', () => {
    const base = dnKey('OU=Groups,DC=x');
    for (const dn of ['OU=Groups,DC=x', 'CN=a,ou=GROUPS,dc=X', 'CN=a\\\\,OU=Groups,DC=x', 'CN=a , OU=Groups , DC=x']) {
      assert.ok(isWithin(dnKey(dn), base), dn);
    }
    for (const dn of ['DC=x', 'OU=MyGroups,DC=x', 'CN=a\\,OU=Groups,DC=x', 'CN=a\\\\\\,ou=groups,DC=x', 'CN=a\\2COU\\3DGroups,DC=x', '']) {
      assert.equal(isWithin(dnKey(dn), base), false, dn);
    }
    assert.ok(isWithin(dnKey('CN=a'), ''));
  });

  it('has a key for one name only, whatever letters servers fold', () => {
    const names = ['I', 'İ', 'ı', 'K', '\u212a', 'σ', 'ς', 'é', 'e\u0301', 'e', 'ß', 'ss', 'ｅ', 'Я', 'я', 'が', 'か\u3099'];
    const keys = names.map((name) => dnKey(`CN=${name},DC=x`));
    assert.equal(new Set(keys).size, names.length);
    assert.equal(dnKey('CN=İABC\\, D,DC=x'), dnKey('cn=İabc\\2c d,dc=X'));
  });
});
