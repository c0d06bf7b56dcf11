import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable, printableLines } from './printable.ts';

test('one line: escapes every control and format character as JSON does', () => {
  assert.equal(
    printable('a\u001b[2J\r\n\t\u202eb\u2028\u0000\u{e0001}'),
    'a\\u001b[2J\\u000d\\u000a\\u0009\\u202eb\\u2028\\u0000\\udb40\\udc01',
  );
  assert.equal(printable('Zoë ﷽ 日本 👍'), 'Zoë ﷽ 日本 👍');
});

test('lines: keeps line ends, tabs and joiners, and escapes the rest', () => {
  const kept = 'a\tb\r\nc 👩\u200d💻 می\u200cخواهم';
  assert.equal(printableLines(kept), kept);
  assert.equal(
    printableLines('\u202e\u2066\u061c\u200f\u2029\u009b1m\u001b[2J\u0007'),
    '\\u202e\\u2066\\u061c\\u200f\\u2029\\u009b1m\\u001b[2J\\u0007',
  );
});
