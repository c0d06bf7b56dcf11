/** The names and the order of an entry's values, regardless of how a server spells and sorts them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createNaming } from './attribute-names.ts';
import { type Entry, rawEntry } from './entry.ts';
import { readSchema } from './schema.ts';

const SCHEMA = readSchema([
  "( 2.5.4.41 NAME 'name' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{32768} )",
  "( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'RFC4519: SUP SYNTAX (common) NAME(s)' SUP name )",
  "( 2.5.4.4 NAME ( 'sn' 'surname' ) SUP name )",
  "( 1.2.3.1 NAME 'employeeToken' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )",
  "( 1.2.3.2 NAME 'shortToken' SUP employeeToken X-ORIGIN ( 'user defined' 'SYNTAX 1.2.3' ) )",
  "(1.2.3.3 NAME 'costCentre' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15')",
  '( not a definition',
]);

function entry(dn: string, attributes: Record<string, (string | Buffer)[]>): Entry {
  const of = ([name, values]: [string, (string | Buffer)[]]) =>
    [name.toLowerCase(), { name, values: values.map((value) => Buffer.from(value)) }] as const;
  return { dn, attributes: new Map(Object.entries(attributes).map(of)) };
}

/** What a mapper sees, without the attributes of every entry. */
function seen(attributes: Record<string, (string | Buffer)[]>, requested: string[] = ['*'], schema = SCHEMA, dn = 'ou=x') {
  const { dn: _dn, controls: _controls, ...raw } = rawEntry(createNaming(schema, requested)(entry(dn, attributes)));
  return raw;
}

describe('attribute names', () => {
  it('have the requested spelling', () => {
    assert.deepEqual(seen({ GIVENNAME: ['A'], Mail: ['m'] }, ['givenName', 'mail']), { givenName: 'A', mail: 'm' });
    assert.deepEqual(seen({ costcentre: ['7'] }, ['CostCentre']), { CostCentre: '7' });
  });

  it('if all are requested, have the spelling of the schema, then the usual one, then that of the server', () => {
    assert.deepEqual(seen({ COSTCENTRE: ['7'] }), { costCentre: '7' });
    assert.deepEqual(seen({ GIVENNAME: ['A'], memberof: ['cn=x'], COSTCENTRE: ['7'] }, ['*'], readSchema([])), {
      givenName: 'A',
      memberOf: 'cn=x',
      COSTCENTRE: '7',
    });
  });

  it('may be aliases of the same attribute', () => {
    assert.deepEqual(seen({ commonName: ['A'], surname: ['B'] }), { cn: 'A', sn: 'B' });
    assert.deepEqual(seen({ cn: ['A'], sn: ['B'] }, ['commonName', 'surname', 'cn']), { commonName: 'A', cn: 'A', surname: 'B' });
    assert.deepEqual(seen({ rfc822Mailbox: ['m'], userid: ['u'] }, ['mail', 'uid'], readSchema([])), { mail: 'm', uid: 'u' });
  });

  it('keep their options', () => {
    assert.deepEqual(seen({ MAIL: ['a'], 'MAIL;lang-de': ['b'], 'cn;lang-ja;phonetic': ['c'] }, ['mail', 'cn']), {
      mail: 'a',
      'mail;lang-de': 'b',
      'cn;lang-ja;phonetic': 'c',
    });
    const certificate = Buffer.from('plain ASCII');
    assert.deepEqual(seen({ 'usercertificate;binary': [certificate] }), { 'userCertificate;binary': certificate });
    assert.deepEqual(
      [...createNaming(SCHEMA, ['member'])(entry('ou=x', { 'MEMBER;range=0-1': ['a', 'b'] })).attributes.keys()],
      ['member;range=0-1'],
    );
  });

  it('name the same attribute if they differ only in case', () => {
    assert.deepEqual(seen({ mail: ['a'], rfc822mailbox: ['b'] }, ['mail'], readSchema([])), { mail: ['a', 'b'] });
  });

  it('cannot hide a password', () => {
    const schema = readSchema(["( 2.5.4.35 NAME 'userPassword' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )"]);
    assert.deepEqual(seen({ '2.5.4.35': ['{SSHA}x'], cn: ['A'] }, ['*'], schema), { cn: 'A' });
  });
});

describe('the order of several values', () => {
  const first = (dn: string, uid: string[]) => {
    const { uid: value } = seen({ uid }, ['uid'], SCHEMA, dn);
    return Array.isArray(value) ? value[0] : value;
  };

  it('puts the value that names the entry first, in any spelling', () => {
    assert.equal(first('uid=jdoe,dc=x', ['john.doe', 'jdoe']), 'jdoe');
    assert.equal(first('UID=JDoe,dc=x', ['john.doe', 'jdoe']), 'jdoe');
    assert.equal(first('userid=jdoe,dc=x', ['john.doe', 'jdoe']), 'jdoe');
    assert.equal(first('cn=John+uid=j\\2Cdoe,dc=x', ['john', 'j,doe']), 'j,doe');
    assert.equal(first('uid=j  doe,dc=x', ['john', 'J Doe']), 'J Doe');
  });

  it('is that of the server if no value names the entry', () => {
    assert.equal(first('cn=jdoe,dc=x', ['john.doe', 'jdoe']), 'john.doe');
    assert.equal(first('uid=another,dc=x', ['john.doe', 'jdoe']), 'john.doe');
  });
});

describe('values', () => {
  it('are bytes if the schema says so, even if they look like text', () => {
    const token = Buffer.from('token');
    assert.deepEqual(seen({ employeeToken: [token], SHORTTOKEN: [token] }), { employeeToken: token, shortToken: token });
  });

  it('are bytes if they are not valid text, in any attribute', () => {
    for (const bytes of [Buffer.of(0x4d, 0xfc, 0x6c), Buffer.of(0xff), Buffer.from('a\0b'), Buffer.of(0xc3)]) {
      assert.deepEqual(seen({ description: [bytes] }), { description: bytes });
    }
    assert.deepEqual(seen({ description: ['Müller', '\ufffd'] }), { description: ['Müller', '\ufffd'] });
    // Mappers need not look at each value.
    assert.deepEqual(seen({ description: ['text', Buffer.of(0xff)] }), { description: [Buffer.from('text'), Buffer.of(0xff)] });
  });

  it('are canonical strings if they are ids in a known format', () => {
    const bytes = Buffer.from('10b8a76bad9dd11180b400c04fd430c8', 'hex');
    const sid = Buffer.from('010200000000000520000000200200 00'.replaceAll(' ', ''), 'hex');
    assert.deepEqual(seen({ objectguid: [bytes], GUID: [bytes], OBJECTSID: [sid] }), {
      objectGUID: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      GUID: '10b8a76b-ad9d-d111-80b4-00c04fd430c8',
      objectSid: 'S-1-5-32-544',
    });
  });
});
