import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BerWriter, FilterParser } from 'ldapts';
import { encodeBer } from '../asn1/ber-writer.ts';
import { anyOf, parseFilter, unescapeValue, usesRule, withValue, writeFilter } from './filter.ts';

function bytesOf(text: string, value: string | Buffer = ''): Buffer {
  const bound = withValue(parseFilter(text), value);
  return encodeBer((writer) => writeFilter(writer, bound.filter, bound.value));
}

/** The same text encoded by another implementation. */
function foreignBytes(text: string): Buffer {
  const writer = new BerWriter();
  FilterParser.parseString(text).write(writer);
  return writer.buffer;
}

describe('search filters', () => {
  it('are encoded like another implementation does', () => {
    for (const text of [
      '(sAMAccountName=alice)',
      'cn=alice',
      '(objectClass=*)',
      '(&(objectCategory=person)(anr=al))',
      '(|(cn=a)(!(sn=b))(mail=c))',
      '(cn=a*b*c)',
      '(cn=*x)',
      '(cn=x*)',
      '(cn=*a*b*)',
      '(age>=3)',
      '(age<=3)',
      '(cn~=alice)',
      '(member:1.2.840.113556.1.4.1941:=CN=x,DC=y)',
      '(ou:dn:=People)',
      '(:caseExactMatch:=x)',
      '(cn=\\28\\29\\2a\\5c)',
      '(cn=)',
    ]) {
      assert.deepEqual(bytesOf(text).toString('hex'), foreignBytes(text).toString('hex'), text);
    }
  });

  it('decode escaped bytes as UTF-8 or binary values', () => {
    assert.ok(bytesOf('(cn=J\\c3\\bcrgen)').includes(Buffer.from('Jürgen')));
    assert.ok(bytesOf('(objectGUID=\\ff\\00\\80)').includes(Buffer.from([0xff, 0x00, 0x80])));
  });

  it('accept OIDs and options as attributes, and spaces between filters', () => {
    assert.ok(bytesOf('(2.5.4.3=x)').includes(Buffer.from('2.5.4.3')));
    assert.ok(bytesOf('(userCertificate;binary=x)').includes(Buffer.from('userCertificate;binary')));
    assert.deepEqual(bytesOf('( & (cn=a) (sn=b) )'), bytesOf('(&(cn=a)(sn=b))'));
  });

  it('insert a value into every {0} unchanged, whatever its characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (value) => {
        const bytes = bytesOf('(|(cn={0})(mail={0}@x)(sn=*{0}*))', value);
        const writer = new BerWriter();
        const literal = Buffer.from(value);
        writer.startSequence(0xa1);
        writer.startSequence(0xa3);
        writer.writeString('cn');
        writer.writeBuffer(literal, 4);
        writer.endSequence();
        writer.startSequence(0xa3);
        writer.writeString('mail');
        writer.writeBuffer(Buffer.concat([literal, Buffer.from('@x')]), 4);
        writer.endSequence();
        writer.startSequence(0xa4);
        writer.writeString('sn');
        writer.startSequence();
        writer.writeBuffer(literal, 0x81);
        writer.endSequence();
        writer.endSequence();
        writer.endSequence();
        assert.deepEqual(bytes, writer.buffer);
      }),
    );
  });

  it('keep the values of joined filters apart', () => {
    const byName = parseFilter('(member={0})');
    const joined = anyOf([withValue(byName, 'a'), withValue(byName, '{0}')]);
    const bytes = encodeBer((writer) => writeFilter(writer, joined.filter, Buffer.from('never')));
    assert.deepEqual(bytes, bytesOf('(|(member=a)(member=\\7b0\\7d))'));
  });

  const INVALID = ['', '(', '()', '(cn=a', '(cn=a))', '(cn=a)(sn=b)', '(&(cn=a)', '(=x)', '(cn)', '(cn=a(b)'];
  for (const text of [...INVALID, '(cn=\\zz)', '(cn=\\2)', '(!cn=a)', '(c n=a)', '(:=x)']) {
    it(`are rejected if invalid: ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseFilter(text), { code: 'LDAP_FILTER_INVALID', message: / at character \d+$/ });
    });
  }

  it('survive nesting that would overflow the stack', () => {
    assert.throws(() => parseFilter(`${'(!'.repeat(100_000)}(cn=a)${')'.repeat(100_000)}`), { code: 'LDAP_FILTER_INVALID' });
  });

  it('reveal whether they follow chains', () => {
    assert.equal(usesRule(parseFilter('(&(objectClass=group)(member:1.2.840.113556.1.4.1941:={0}))'), '1.2.840.113556.1.4.1941'), true);
    assert.equal(usesRule(parseFilter('(member={0})'), '1.2.840.113556.1.4.1941'), false);
  });
});

describe('escaped values', () => {
  it('are unescaped byte by byte, and rejected if an escape is invalid', () => {
    assert.deepEqual(unescapeValue('a\\2ab\\C3\\BC'), Buffer.from('a*bü'));
    assert.deepEqual(unescapeValue('ü*'), Buffer.from('ü*'));
    for (const text of ['\\', 'a\\2', '\\zz', '\\2g']) assert.equal(unescapeValue(text), undefined, text);
  });
});
