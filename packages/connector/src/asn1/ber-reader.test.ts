import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BerReader } from './ber-reader.ts';
import { encodeBer } from './ber-writer.ts';

const reader = (hex: string) => new BerReader(Buffer.from(hex, 'hex'), Error);

describe('the BER reader', () => {
  it('reads object identifiers as they are written', () => {
    const oids = fc.tuple(fc.nat(1), fc.nat(39), fc.array(fc.maxSafeNat(), { maxLength: 8 }));
    fc.assert(
      fc.property(oids, ([first, second, rest]) => {
        const oid = [first, second, ...rest].join('.');
        assert.equal(
          new BerReader(
            encodeBer((writer) => writer.writeOid(oid)),
            Error,
          ).readOid(),
          oid,
        );
      }),
    );
    // X.690, section 8.19.5.
    assert.equal(reader('0603883703').readOid(), '2.999.3');
    assert.equal(reader('06032a8648').peekTag(), 6);
    for (const broken of ['0600', '060180', '06032a8680', `060a2a${'ff'.repeat(8)}7f`])
      assert.throws(() => reader(broken).readOid(), broken);
  });

  it('returns raw elements, and bit strings of whole bytes', () => {
    const content = reader('3008020101030300c0de').enter(0x30);
    assert.equal(content.readElement(2).toString('hex'), '020101');
    assert.equal(content.enterIf(4), undefined);
    assert.equal(content.readBits().toString('hex'), 'c0de');
    assert.ok(content.atEnd);
    assert.throws(() => reader('03020780').readBits());
    assert.throws(() => reader('0300').readBits());
    assert.deepEqual([reader('0101ff').readBoolean(), reader('010100').readBoolean()], [true, false]);
  });

  it('rejects hostile bytes with the caller’s error', () => {
    class Mine extends Error {}
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const walk = (one: BerReader): void => {
          while (!one.atEnd) {
            const tag = one.peekTag() ?? 0;
            if ((tag & 0x20) === 0) one.readAny();
            else walk(one.enter(tag));
          }
        };
        try {
          walk(new BerReader(Buffer.from(bytes), (what) => new Mine(what)));
        } catch (error) {
          assert.ok(error instanceof Mine);
        }
      }),
    );
  });
});
