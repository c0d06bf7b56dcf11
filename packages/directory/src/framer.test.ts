import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { element } from '../test/clients.ts';
import { MalformedMessage } from './ber.ts';
import { createFramer } from './framer.ts';

test('yields the same messages however the bytes are split', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 }), fc.integer({ min: 1, max: 50 }), (contents, size) => {
      const messages = contents.map((content) => element(0x30, Buffer.from(content)));
      const stream = Buffer.concat(messages);
      const framer = createFramer(1000);
      const out: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size) out.push(...framer.push(stream.subarray(at, at + size)));
      assert.deepEqual(out, messages);
      assert.equal(framer.partial, false);
    }),
  );
});

test('assembles a large message that arrives byte by byte', () => {
  const whole = element(0x30, Buffer.alloc(5000, 7));
  const framer = createFramer(10_000);
  const out = [...whole].flatMap((byte) => framer.push(Buffer.from([byte])));
  assert.deepEqual(out, [whole]);
});

test('finds thousands of messages in one chunk', () => {
  const one = element(0x30, 'x');
  assert.equal(createFramer(100).push(Buffer.concat(Array.from({ length: 50_000 }, () => one))).length, 50_000);
});

test('rejects another tag, an excessive length and an indefinite length as soon as they arrive', () => {
  for (const bytes of [[0x16], [0x30, 0x80], [0x30, 0x85], [0x30, 0x82, 0x03, 0xe5], [0x30, 0x84, 0xff, 0xff, 0xff, 0xff]]) {
    assert.throws(() => createFramer(1000).push(Buffer.from(bytes)), MalformedMessage, String(bytes));
  }
  assert.deepEqual(createFramer(1000).push(Buffer.from([0x30, 0x82, 0x03])), []);
});
