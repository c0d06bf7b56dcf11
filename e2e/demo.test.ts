import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

/** Long enough for a busy machine. */
const PATIENCE_MS = 120_000;

interface Demo extends AsyncDisposable {
  child: ChildProcess;
  output(): string;
  /** Resolves when the text is printed; rejects if the demo ends first. */
  printed(text: string): Promise<void>;
  /** The exit code. */
  ended: Promise<unknown>;
}

/** `npm run demo` with its own folder for temporary files (TMPDIR). */
function startDemo(args: string[], temporary: string): Demo {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'demo', 'main.ts'), ...args], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let grown = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      grown.resolve();
      grown = Promise.withResolvers();
    });
  }
  const ended = once(child, 'close').then(([code]: unknown[]) => code);
  return {
    child,
    output: () => output,
    async printed(text) {
      const deadline = AbortSignal.timeout(PATIENCE_MS);
      while (!output.includes(text)) {
        deadline.throwIfAborted();
        if ((await Promise.race([grown.promise, ended.then(() => 'ended')])) === 'ended' && !output.includes(text)) {
          throw new Error(`The demo ended: ${output}`);
        }
      }
    },
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

test('the demo signs Alice in, exits with 0 and leaves no files behind', async () => {
  await using temporary = await mkdtempDisposable(join(tmpdir(), 'landbridge-e2e-'));
  await using demo = startDemo(['--once'], temporary.path);
  assert.equal(await demo.ended, 0, demo.output());
  assert.match(demo.output(), /^ {2}groups +.*nest-1.*nest-4/m);
  assert.match(demo.output(), /^ {2}displayName +Alice Adams$/m);
  assert.deepEqual(await readdir(temporary.path), []);
});

test('a demo that cannot start prints an error and exits with 1', async () => {
  await using demo = startDemo(['--once'], '/nonexistent');
  assert.equal(await demo.ended, 1);
  assert.match(demo.output(), /The demo failed: ENOENT/);
});

test('the demo keeps running, its table of users matches the Try page, and Ctrl-C stops everything', async (t) => {
  await using temporary = await mkdtempDisposable(join(tmpdir(), 'landbridge-e2e-'));
  await using demo = startDemo([], temporary.path);
  await demo.printed('Ctrl-C to stop everything');
  const link = /http:\S+\/try\/\S+/.exec(demo.output())?.[0] ?? '';

  const opened = await fetch(link);
  const cookie = opened.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const token = /name="token" value="([^"]+)"/.exec(await opened.text())?.[1] ?? '';
  const rows = demo
    .output()
    .split('expected result\n')[1]
    ?.split('\n\n')[0]
    ?.split('\n')
    .map((line) => line.trim().split(/ {3,}/));
  assert.ok(rows !== undefined && rows.length > 15, demo.output());
  for (const [username = '', password = '', expected = ''] of rows) {
    await t.test(`${username} with ${password}: ${expected}`, async () => {
      const answer = await fetch(link.split('?')[0] ?? '', {
        method: 'POST',
        headers: { cookie },
        body: new URLSearchParams({ token, username, password }),
      });
      const outcome = /<h2 id="outcome"[^>]*>([^<]*)/.exec(await answer.text())?.[1] ?? '';
      const cause = /^refused: .*?(wrong password|expired|locked|disabled|must)/.exec(expected)?.[1] ?? '';
      if (expected.startsWith('signs in')) assert.match(outcome, /^Signed in as /);
      else assert.ok(expected.startsWith('refused') && outcome !== '' && !outcome.startsWith('Signed in'), outcome);
      if (cause !== '' && cause !== 'wrong password') assert.ok(outcome.includes(cause), outcome);
    });
  }

  demo.child.kill('SIGINT');
  assert.equal(await demo.ended, 0, demo.output());
  assert.deepEqual(await readdir(temporary.path), []);
  for (const [, port] of demo.output().matchAll(/(?:ldap|http):\/\/[\w.]+:(\d+)/g)) {
    const socket = connect(Number(port), '127.0.0.1');
    await assert.rejects(once(socket, 'connect'), { code: 'ECONNREFUSED' });
  }
});
