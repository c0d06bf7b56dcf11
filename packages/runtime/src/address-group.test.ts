import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressGroup, addressGroups } from './address-group.ts';

test('groups IPv6 addresses by /64', () => {
  for (const [address, group] of [
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1', '192.0.2.1'],
    ['no address', 'no address'],
  ] as const) {
    assert.equal(addressGroup(address), group);
  }
});

test('wider groups contain the networks of one customer', () => {
  assert.deepEqual(addressGroups('2001:db8:1:2f3:4:5:6:7'), ['2001:db8:1:2f3::/64', '2001:db8:1:200::/56', '2001:db8:1::/48']);
  assert.deepEqual(addressGroups('2001:db8::1'), ['2001:db8:0:0::/64', '2001:db8:0:0::/56', '2001:db8:0::/48']);
  assert.deepEqual(addressGroups('::ffff:192.0.2.1'), ['192.0.2.1', '192.0.2.0/24']);
  assert.deepEqual(addressGroups('unknown'), ['unknown']);
});
