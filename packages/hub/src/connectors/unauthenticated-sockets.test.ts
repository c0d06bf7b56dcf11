import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUnauthenticatedSockets } from './unauthenticated-sockets.ts';

/** A small room: `enter` names a socket, which is among `dropped` once it had to make place. */
function smallRoom() {
  const clock = { now: 1000 };
  const dropped: string[] = [];
  const sockets = createUnauthenticatedSockets({ total: 10, reserved: 3, perAddress: 4 }, () => clock.now);
  const enter = (name: string, address: string) => sockets.enter(address, () => dropped.push(name));
  return { sockets, enter, dropped, clock };
}

test('an address keeps only its newest silent sockets', () => {
  const { enter, dropped, sockets } = smallRoom();
  for (let n = 0; n < 6; n++) assert.ok(enter(`a${n}`, `2001:db8::${n}`));
  assert.deepEqual(dropped, ['a0', 'a1']);
  assert.equal(sockets.size, 4);
});

test('a flood from one network takes the place of no other network’s socket', () => {
  const { enter, dropped } = smallRoom();
  enter('other', '203.0.113.9');
  for (let n = 0; n < 50; n++) assert.ok(enter(`flood${n}`, `198.51.100.${n}`));
  assert.equal(dropped.length, 44);
  assert.ok(!dropped.includes('other'));
});

test('strangers never use the places of known connectors, and a known connector always finds one', () => {
  const { enter, dropped, sockets } = smallRoom();
  sockets.trustOnly(['203.0.113.1']);
  sockets.trust('2001:db8::1');
  for (let n = 0; n < 50; n++) enter(`stranger${n}`, `192.0.${n}.1`);
  assert.equal(sockets.size, 7);
  const before = dropped.length;
  for (const name of ['k1', 'k2']) assert.ok(enter(name, '203.0.113.1'));
  assert.ok(enter('k3', '2001:db8::2'));
  assert.equal(dropped.length, before);
  for (let n = 0; n < 20; n++) assert.ok(enter(`more${n}`, '203.0.113.1'));
  assert.ok(!dropped.includes('k3'));
  for (let n = 0; n < 50; n++) enter(`late${n}`, `192.0.${n}.1`);
  assert.ok(!dropped.includes('more19'));
});

test('a socket whose first frame is being checked stays', () => {
  const { enter, dropped } = smallRoom();
  const places = Array.from({ length: 4 }, (_, n) => enter(`c${n}`, '192.0.2.1'));
  for (const place of places) place?.checking(true);
  assert.equal(enter('one more', '192.0.2.1'), undefined);
  assert.deepEqual(dropped, []);
  places[0]?.leave();
  assert.ok(enter('next', '192.0.2.1'));
  places[1]?.checking(false);
  assert.ok(enter('after a refusal', '192.0.2.1'));
  assert.deepEqual(dropped, ['c1']);
});

test('a shortage is noticed if it concerns more than one address', () => {
  const { enter, sockets, clock } = smallRoom();
  for (let n = 0; n < 6; n++) enter('a', '192.0.2.1');
  assert.equal(sockets.shortageAt, undefined);
  clock.now = 2000;
  for (let n = 0; n < 4; n++) enter('b', `198.51.100.${n}`);
  assert.equal(sockets.shortageAt, 2000);
});
