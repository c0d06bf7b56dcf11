import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLog } from './log.ts';
import { createLogWindow } from './log-window.ts';

function logWith(window: ReturnType<typeof createLogWindow>) {
  return createLog({ level: 'debug', format: 'text', destination: { write: () => {} }, copies: [window] });
}

describe('the log window', () => {
  it('filters lines by level, user and correlation id', () => {
    const window = createLogWindow();
    const { log } = logWith(window);
    log.debug({ user: 'Alice', correlationId: 'p1' }, 'looking');
    log.info({ user: 'alice', correlationId: 'p1', result: 'ok' }, 'authenticate_user');
    log.warn({ user: 'bob', correlationId: 'p2' }, 'slow');
    log.error('broken');
    const messages = (filter: object) => window.lines(filter).map(({ message }) => message);
    assert.deepEqual(messages({}), ['looking', 'authenticate_user', 'slow', 'broken']);
    assert.deepEqual(messages({ level: 'warn' }), ['slow', 'broken']);
    assert.deepEqual(messages({ user: 'ALI' }), ['looking', 'authenticate_user']);
    assert.deepEqual(messages({ correlationId: 'p2' }), ['slow']);
    assert.deepEqual(messages({ after: 3 }), ['broken']);
    assert.deepEqual(
      window.lines({}, 1).map(({ message }) => message),
      ['broken'],
    );
    const { time: _, ...line } = window.lines({ level: 'info' })[0] ?? {};
    assert.deepEqual(line, {
      number: 2,
      level: 'info',
      message: 'authenticate_user',
      fields: { user: 'alice', correlationId: 'p1', result: 'ok' },
    });
  });

  it('notifies of each new matching line until unsubscribed, even if a subscriber fails', () => {
    const window = createLogWindow();
    const { log } = logWith(window);
    const seen: string[] = [];
    window.subscribe({}, () => {
      throw new Error('the page is gone');
    });
    const stop = window.subscribe({ level: 'warn' }, ({ message }) => seen.push(message));
    log.info('no');
    log.warn('yes');
    stop();
    log.warn('too late');
    assert.deepEqual(seen, ['yes']);
  });

  it('is bounded in lines and characters', () => {
    const few = createLogWindow(10);
    for (let i = 0; i < 1000; i++) few.write('', JSON.stringify({ msg: String(i) }));
    assert.deepEqual(
      few.lines().map(({ message }) => message),
      ['990', '991', '992', '993', '994', '995', '996', '997', '998', '999'],
    );
    const small = createLogWindow(1000, 50_000);
    const { log } = logWith(small);
    for (let i = 0; i < 100; i++) log.info({ much: 'x'.repeat(5000) }, String(i));
    assert.ok(small.lines().length < 11 && small.lines().length > 5);
    log.info({ much: 'x'.repeat(1_000_000), user: 'u' }, 'huge');
    assert.equal(small.lines().at(-1)?.fields.user, 'u');
    assert.ok(small.lines().length > 1);
  });

  it('is empty after clearing, and numbers continue', () => {
    const window = createLogWindow();
    const { log } = logWith(window);
    log.info('before');
    window.clear();
    assert.deepEqual(window.lines(), []);
    log.info('after');
    assert.equal(window.lines()[0]?.number, 2);
  });

  it('contains no secrets', () => {
    const window = createLogWindow();
    const { log, keepSecret } = logWith(window);
    keepSecret('se"cret\\value');
    log.info({ a: { b: 'se"cret\\value' }, jwt: 'ey' }, 'se"cret\\value');
    assert.doesNotMatch(JSON.stringify(window.lines()), /value|"ey"/);
  });
});
