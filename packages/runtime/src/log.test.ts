import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CodedError, errorText } from './coded-error.ts';
import { createLog, type LogFormat } from './log.ts';

function logTo(format: LogFormat) {
  const lines: string[] = [];
  return { lines, ...createLog({ level: 'info', format, destination: { write: (line) => lines.push(line) } }) };
}

describe('the log', () => {
  it('writes one readable line per event', () => {
    const { lines, log } = logTo('text');
    log.info({ user: 'alice', ms: 12 }, 'Signed in');
    assert.match(lines[0] ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z info {2}Signed in {2}user=alice {2}ms=12\n$/);
    log.debug('below the level');
    assert.equal(lines.length, 1);
  });

  it('shows the code, message, action and causes of an error, without a stack for our own', () => {
    const { lines, log } = logTo('text');
    log.warn(
      { err: new CodedError('LDAP_UNREACHABLE', 'No directory', { action: 'Check LDAP_URL', cause: new Error('refused') }) },
      'Failed',
    );
    assert.match(lines[0] ?? '', /err=LDAP_UNREACHABLE: No directory \(Check LDAP_URL\): refused\n$/);
  });

  it('escapes control characters, so that input cannot forge a line', () => {
    const { lines, log } = logTo('text');
    log.info({ user: 'a\n2026-01-01 info Signed in', esc: '\u001b[31m', ls: '\u2028' }, 'line one\r\nline two');
    assert.equal(lines.length, 1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: finds control characters
    assert.doesNotMatch((lines[0] ?? '').slice(0, -1), /[\u0000-\u001f\u2028]/);
  });

  for (const format of ['text', 'json'] as const) {
    it(`escapes characters that reverse or hide text (${format})`, () => {
      const { lines, log } = logTo(format);
      const name = 'gpj.\u202eexe\u2066\u200f\u061c\u0085\ufeff\u{e0001}';
      log.info({ user: name, [name]: 1 }, name);
      assert.doesNotMatch(lines.join('').trimEnd(), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      assert.match(lines[0] ?? '', /gpj\.\\u202eexe/);
      if (format === 'json') assert.equal(JSON.parse(lines[0] ?? '').user, name);
    });

    it(`masks registered secrets in every line (${format})`, () => {
      const { lines, log, keepSecret } = logTo(format);
      keepSecret('pa"ss\\wörd');
      keepSecret('abc');
      keepSecret(undefined);
      log.info({ given: 'pa"ss\\wörd', nested: { deep: 'xpa"ss\\wördx' } }, 'it is pa"ss\\wörd, abc');
      log.error({ err: new Error('bind with pa"ss\\wörd failed') }, 'x');
      for (const line of lines) assert.doesNotMatch(line, /wörd/);
      // Too short: masking it would mask ordinary words.
      assert.match(lines[0] ?? '', /abc/);
    });

    it(`never writes fields with names of secrets (${format})`, () => {
      const { lines, log } = logTo(format);
      log.info({ password: 'hunter2', claims: { password: 'hunter2' }, jwt: 'ey.ey.x' }, 'x');
      assert.doesNotMatch(lines[0] ?? '', /hunter2|ey\.ey/);
    });
  }
});

describe('an object in place of a string', () => {
  const inner = { error: 'invalid_client', hint: { scope: 'x' } };
  const cases: [string, Record<string, unknown>][] = [
    ['thrown', { err: inner }],
    ['as the message of a field', { err: { message: inner, code: inner, action: inner } }],
    ['as the cause of an error', { err: new CodedError('X', 'failed', { cause: inner }) }],
    ['as a field', { answer: inner }],
    ['in a list', { answers: [inner] }],
  ];
  for (const [what, fields] of cases) {
    for (const format of ['text', 'json'] as const) {
      it(`is logged with its content, ${what}, as ${format}`, () => {
        const { lines, log } = logTo(format);
        log.error(fields, 'Failed');
        assert.doesNotMatch(lines.join(''), /\[object/);
        assert.match(lines.join(''), /invalid_client/);
      });
    }
  }
  it('appears with its content in the text of an error', () => {
    assert.match(errorText(new Error('failed', { cause: inner })), /failed: .*invalid_client/);
  });
});

describe('the log of a process', () => {
  const program = (body: string) => [
    '--input-type=module',
    '--disable-warning=ExperimentalWarning',
    '-e',
    `import { createLog } from ${JSON.stringify(new URL('./log.ts', import.meta.url).href)};
     const { log } = createLog({ level: 'info', format: 'text' });
     ${body}`,
  ];

  it('is on standard error, complete and in order, even if the process ends at once', () => {
    const { stderr } = spawnSync(process.execPath, program(`for (let i = 0; i < 1000; i++) log.info('line ' + i);`), { encoding: 'utf8' });
    assert.deepEqual(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.split('line ')[1]),
      Array.from({ length: 1000 }, (_, i) => String(i)),
    );
  });

  it('does not keep the process from ending if nobody reads a full pipe', { skip: process.platform === 'win32' }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'landbridge-log-'));
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const unreadPipe = openSync(path, 'r+');
    try {
      const body = `for (let i = 0; i < 1000; i++) log.info('x'.repeat(200)); setTimeout(() => {}, 100);`;
      const child = spawn(process.execPath, program(body), { stdio: ['ignore', 'ignore', unreadPipe] });
      assert.deepEqual(await once(child, 'exit'), [0, null]);
    } finally {
      closeSync(unreadPipe);
      rmSync(folder, { recursive: true });
    }
  });
});
