import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalRange, createIpRanges } from './ip-ranges.ts';

test('normalizes IP ranges', () => {
  for (const [given, canonical] of [
    ['10.0.0.0/8', '10.0.0.0/8'],
    [' 10.1.2.3/8 ', '10.0.0.0/8'],
    ['24.12.34.56', '24.12.34.56/32'],
    ['192.168.255.255/17', '192.168.128.0/17'],
    ['1.2.3.4/0', '0.0.0.0/0'],
    ['255.255.255.255/31', '255.255.255.254/31'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1/128'],
    ['2001:db8::ffff/33', '2001:db8::/33'],
    ['fe80:0:0:0:1:0:0:0/64', 'fe80::/64'],
    ['::/0', '::/0'],
    ['1:2:3:4:5:6:7:8/113', '1:2:3:4:5:6:7:0/113'],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8'],
    ['::ffff:0:0/95', '::fffe:0:0/95'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201/128'],
  ] as const) {
    assert.equal(canonicalRange(given), canonical, given);
    assert.equal(canonicalRange(canonical), canonical);
  }
});

test('rejects invalid IP ranges', () => {
  for (const text of [
    ...['', '/', '/8', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '10.0.0.0/8.0', '10.0.0.0/ 8', '10.0.0/8', '10.0.0.256'],
    ...['010.0.0.1', '0x7f.1', '2001:db8::/129', '2001:::1', '::1%eth0', '[::1]', 'localhost', '10.0.0.0/255.0.0.0', '10.0.0.0-10.0.0.9'],
  ]) {
    assert.equal(canonicalRange(text), undefined, text);
  }
});

test('looks up addresses of both families, in ranges and single addresses', () => {
  const ranges = createIpRanges(['10.0.0.0/8', '24.12.34.56', '2001:db8::/32', '2001:db9::5']);
  for (const inside of ['10.255.0.1', '24.12.34.56', '2001:db8:ffff::1', '::ffff:10.0.0.1', '2001:db9::5']) {
    assert.ok(ranges.has(inside), inside);
  }
  for (const outside of ['11.0.0.1', '24.12.34.57', '2001:db9::1', '::ffff:11.0.0.1', '::1%lo', '', 'unknown', '10.0.0.1, 9.9.9.9']) {
    assert.equal(ranges.has(outside), false, outside);
  }
  assert.equal(createIpRanges([]).has('10.0.0.1'), false);
});
