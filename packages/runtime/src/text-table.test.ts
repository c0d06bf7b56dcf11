import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textTable, textWidth } from './text-table.ts';

const lines = (text: string) => text.split('\n').slice(0, -1);

test('columns are as wide as their widest cell, without blanks at the end of a line', () => {
  assert.equal(
    textTable(
      ['NAME', 'STATE'],
      [
        ['corp', 'on'],
        ['fabrikam', 'off'],
      ],
    ),
    'NAME      STATE\ncorp      on\nfabrikam  off\n',
  );
});

test('wide characters and combining marks take the columns that terminals give them', () => {
  assert.deepEqual(['東京', 'e\u0301', 'a', '🙂', 'ﾊ'].map(textWidth), [4, 1, 1, 2, 1]);
  const [, tokyo, berlin] = lines(
    textTable(
      ['NAME', 'STATE'],
      [
        ['東京', 'on'],
        ['Bern', 'off'],
      ],
    ),
  );
  assert.deepEqual([tokyo, berlin], ['東京  on', 'Bern  off']);
});

test('a table is cut to the width of the terminal in its widest columns, but never in the first one', () => {
  const rows = [
    ['0123456789abcdef', 'https://billing.example/a/long/redirect/uri', 'on'],
    ['x', '東京東京東京東京東京東京東京東京東京', 'off'],
  ];
  for (const width of [40, 41, 60]) {
    const cut = lines(textTable(['ID', 'ADDRESS', 'STATE'], rows, { width }));
    for (const line of cut) assert.ok(textWidth(line) <= width, line);
    assert.match(cut[1] ?? '', /^0123456789abcdef {2}https:.*… {2}on$/);
    assert.match(cut[2] ?? '', /東… +off$/);
  }
});

test('characters that a terminal would obey are made visible', () => {
  assert.equal(textTable(['NAME'], [['a\u001b[2Jb\nc']]), 'NAME\na\\u001b[2Jb\\u000ac\n');
});
