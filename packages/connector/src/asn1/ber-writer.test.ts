import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BerWriter as ForeignWriter } from 'ldapts';
import { BerReader } from './ber-reader.ts';
import { encodeBer } from './ber-writer.ts';

describe('the BER writer', () => {
  it('writes what another implementation writes', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string({ unit: 'binary', maxLength: 400 }), fc.boolean(), (number, text, flag) => {
        const foreign = new ForeignWriter();
        foreign.startSequence();
        foreign.writeInt(number);
        foreign.startSequence(0x63);
        foreign.writeString(text.toWellFormed());
        foreign.writeBoolean(flag);
        foreign.writeEnumeration(3);
        foreign.endSequence();
        foreign.endSequence();
        const ours = encodeBer((writer) => {
          writer.startSequence();
          writer.writeInt(number);
          writer.startSequence(0x63);
          writer.writeString(text.toWellFormed());
          writer.writeBoolean(flag);
          writer.writeEnumeration(3);
          writer.endSequence();
          writer.endSequence();
        });
        assert.deepEqual(ours, foreign.buffer);
      }),
    );
  });

  it('writes messages of every size, and reads them back', () => {
    for (const size of [0, 127, 128, 255, 256, 65_535, 65_536, 3_000_000, 17_000_000]) {
      const bytes = encodeBer((writer) => {
        writer.startSequence();
        writer.writeBuffer(Buffer.alloc(size, 7));
        writer.endSequence();
      });
      const content = new BerReader(bytes, Error).enter(0x30);
      assert.equal(content.readBytes().length, size);
      assert.ok(content.atEnd);
    }
  });

  it('keeps nested messages apart', () => {
    let inner: Buffer | undefined;
    const outer = encodeBer((writer) => {
      writer.writeString('before');
      inner = encodeBer((other) => other.writeString('x'.repeat(5000)));
      writer.writeString('after');
    });
    assert.equal(inner?.length, 5004);
    const reader = new BerReader(outer, Error);
    assert.deepEqual([reader.readText(), reader.readText(), reader.atEnd], ['before', 'after', true]);
  });

  it('writes object identifiers', () => {
    // X.690, section 8.19.5, and one whose parts take several bytes.
    assert.equal(encodeBer((writer) => writer.writeOid('2.999.3')).toString('hex'), '060388' + '3703');
    assert.equal(encodeBer((writer) => writer.writeOid('1.2.840.113549.1.1.11')).toString('hex'), '06092a864886f70d01010b');
  });

  it('rejects unbalanced sequences', () => {
    assert.throws(() => encodeBer((writer) => writer.startSequence()), TypeError);
    assert.throws(() => encodeBer((writer) => writer.endSequence()), TypeError);
  });
});
