import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ATTRIBUTE_PWD_LAST_SET, mayUse, mayWrite, RESET_PASSWORD, readAccessList } from './access-list.ts';

const ACCOUNT = sid(21, 1, 2, 3, 1104);
const GROUP = sid(21, 1, 2, 3, 512);
const SIDS = new Set(['S-1-5-21-1-2-3-1104', 'S-1-5-21-1-2-3-512']);
const CONTROL = 0x100;
const WRITE = 0x20;

function sid(...parts: number[]): Buffer {
  const bytes = Buffer.alloc(8 + parts.length * 4);
  bytes.set([1, parts.length, 0, 0, 0, 0, 0, 5]);
  for (const [i, part] of parts.entries()) bytes.writeUInt32LE(part, 8 + i * 4);
  return bytes;
}

function entry(type: number, flags: number, mask: number, who: Buffer, objectType?: Buffer): Buffer {
  const object = type < 5 ? [] : [Buffer.from([objectType ? 1 : 0, 0, 0, 0]), objectType ?? Buffer.alloc(0)];
  const body = Buffer.concat([...object, who]);
  const head = Buffer.alloc(8);
  head.writeUInt8(type, 0);
  head.writeUInt8(flags, 1);
  head.writeUInt16LE(8 + body.length, 2);
  head.writeUInt32LE(mask, 4);
  return Buffer.concat([head, body]);
}

function descriptor(...entries: Buffer[]): Buffer {
  const head = Buffer.alloc(28);
  head.writeUInt8(1, 0);
  head.writeUInt32LE(20, 16);
  head.writeUInt8(4, 20);
  head.writeUInt16LE(entries.length, 24);
  return Buffer.concat([head, ...entries]);
}

function decision(...entries: Buffer[]): { reset: boolean; write: boolean } {
  const list = readAccessList(descriptor(...entries)) ?? assert.fail('no list');
  return { reset: mayUse(RESET_PASSWORD, list, SIDS), write: mayWrite(ATTRIBUTE_PWD_LAST_SET, list, SIDS) };
}

describe('an access list', () => {
  it('grants rights to the accounts it names', () => {
    assert.deepEqual(decision(entry(5, 0, CONTROL, ACCOUNT, RESET_PASSWORD)), { reset: true, write: false });
    assert.deepEqual(decision(entry(5, 0, WRITE, GROUP, ATTRIBUTE_PWD_LAST_SET)), { reset: false, write: true });
    assert.deepEqual(decision(entry(0, 0, CONTROL | WRITE, GROUP)), { reset: true, write: true });
    assert.deepEqual(decision(entry(5, 0, CONTROL, ACCOUNT)), { reset: true, write: false });
    assert.deepEqual(decision(entry(5, 0, CONTROL, sid(21, 9, 9, 9, 500), RESET_PASSWORD)), { reset: false, write: false });
    assert.deepEqual(decision(), { reset: false, write: false });
  });

  it('denies if a denial comes first, ignoring entries for child objects and for audits', () => {
    const allow = entry(5, 0, CONTROL, ACCOUNT, RESET_PASSWORD);
    assert.equal(decision(entry(1, 0, CONTROL, GROUP), allow).reset, false);
    assert.equal(decision(allow, entry(1, 0, CONTROL, GROUP)).reset, true);
    assert.equal(decision(entry(6, 0x08, CONTROL, GROUP, RESET_PASSWORD), allow).reset, true);
    assert.equal(decision(entry(5, 0x08, CONTROL, ACCOUNT, RESET_PASSWORD)).reset, false);
    assert.equal(decision(entry(2, 0, CONTROL, ACCOUNT)).reset, false);
  });

  it('is undefined if it is truncated or its lengths are wrong', () => {
    const whole = descriptor(entry(5, 0, CONTROL, ACCOUNT, RESET_PASSWORD), entry(0, 0, WRITE, GROUP));
    for (let length = 0; length < whole.length; length++) assert.equal(readAccessList(whole.subarray(0, length)), undefined);
    for (let at = 0; at < whole.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const changed = Buffer.from(whole);
        changed[at] = value;
        assert.doesNotThrow(() => readAccessList(changed));
      }
    }
  });
});
