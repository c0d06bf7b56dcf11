import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemorySessions } from './sessions.ts';

const MINUTE_MS = 60_000;

describe('a session in memory', () => {
  function start() {
    let nowMs = 0;
    const sessions = createMemorySessions<string>({ idleMs: 30 * MINUTE_MS, longestMs: 120 * MINUTE_MS, maxSessions: 3, now: () => nowMs });
    return {
      sessions,
      pass: (minutes: number) => {
        nowMs += minutes * MINUTE_MS;
      },
    };
  }

  it('is found by its cookie only', () => {
    const { sessions } = start();
    const cookie = sessions.open('anna');
    assert.equal(sessions.find(cookie, true), 'anna');
    for (const other of [undefined, '', `${cookie}x`, cookie.toLowerCase()]) assert.equal(sessions.find(other, true), undefined, other);
  });
  it('ends if it is idle; automatic refreshes do not extend it', () => {
    const { sessions, pass } = start();
    const cookie = sessions.open('anna');
    pass(20);
    assert.ok(sessions.find(cookie, false));
    pass(11);
    assert.equal(sessions.find(cookie, true), undefined);
  });
  it('ends after its longest time, however active it is', () => {
    const { sessions, pass } = start();
    const cookie = sessions.open('anna');
    for (let n = 0; n < 6; n++) {
      pass(20);
      assert.ok(sessions.find(cookie, true));
    }
    pass(1);
    assert.equal(sessions.find(cookie, true), undefined);
  });
  it('ends if too many newer ones open', () => {
    const { sessions } = start();
    const [first, second] = ['a', 'b', 'c', 'd'].map((name) => sessions.open(name));
    assert.equal(sessions.find(first, true), undefined);
    assert.equal(sessions.find(second, true), 'b');
  });
  it('ends by closing it, or all of them', () => {
    const { sessions } = start();
    const [first, second] = [sessions.open('a'), sessions.open('b')];
    sessions.close(first);
    assert.deepEqual([sessions.find(first, true), sessions.find(second, true)], [undefined, 'b']);
    sessions.closeAll();
    assert.equal(sessions.find(second, true), undefined);
  });
});
