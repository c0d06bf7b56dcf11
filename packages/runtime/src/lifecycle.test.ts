/** Each test runs a process of its own to signal. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';

const INDEX = new URL('./index.ts', import.meta.url).href;

async function run(body: string, onReady: (child: ReturnType<typeof spawn>) => void): Promise<{ code: number | null; out: string }> {
  const source = `import { createLog, runUntilStopped } from ${JSON.stringify(INDEX)};
    const { log } = createLog({ level: 'info', format: 'text', destination: { write: (l) => process.stdout.write(l) } });
    const keepAlive = setInterval(() => {}, 1000);
    ${body}
    clearInterval(keepAlive); console.log('ended');`;
  const child = spawn(process.execPath, ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', source]);
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (!out.includes('ready') && `${out}${chunk}`.includes('ready')) onReady(child);
    out += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, out };
}

describe('a program', { timeout: 60_000 }, () => {
  it('stops its parts in reverse order on SIGTERM and returns', async () => {
    const { code, out } = await run(
      `await runUntilStopped(log, async ({ onStop }) => {
         onStop('first', () => console.log('stop first')); onStop('second', async () => { console.log('stop second'); throw new Error('oops'); });
         console.log('ready');
       });`,
      (child) => child.kill('SIGTERM'),
    );
    assert.equal(code, 0);
    assert.match(out, /stop second[\s\S]*Failed to stop second[\s\S]*stop first[\s\S]*ended/);
  });

  it('stops the parts that have started if another fails to start', async () => {
    const { out } = await run(
      `await runUntilStopped(log, async ({ onStop }) => { onStop('first', () => console.log('stop first')); throw new Error('cannot'); })
         .catch((error) => console.log('caught', error.message));`,
      () => {},
    );
    assert.match(out, /stop first[\s\S]*caught cannot/);
  });

  it('stops when its standard input ends, if it watches it', async () => {
    const { code, out } = await run(
      `await runUntilStopped(log, async ({ onStop, stopWhenStdinEnds }) => {
         stopWhenStdinEnds(); onStop('first', () => console.log('stop first')); console.log('ready');
       });`,
      (child) => child.stdin?.end('ignored'),
    );
    assert.equal(code, 0);
    assert.match(out, /Standard input ended: stopping[\s\S]*stop first[\s\S]*ended/);
  });

  it('ends on a signal although the standard input that it watches stays open', async () => {
    const { code, out } = await run(
      `await runUntilStopped(log, async ({ stopWhenStdinEnds }) => { stopWhenStdinEnds(); console.log('ready'); }, 20_000);`,
      (child) => child.kill('SIGTERM'),
    );
    assert.equal(code, 0);
    assert.match(out, /SIGTERM received: stopping[\s\S]*ended/);
    assert.doesNotMatch(out, /Not stopped|Standard input/);
  });

  it('ends at once on a second signal', async () => {
    const { code } = await run(
      `await runUntilStopped(log, async ({ onStop, stopping }) => {
         stopping.addEventListener('abort', () => process.kill(process.pid, 'SIGTERM'));
         onStop('never', () => new Promise(() => {})); console.log('ready');
       });`,
      (child) => child.kill('SIGTERM'),
    );
    assert.equal(code, 1);
  });

  it('reloads on SIGHUP if it can, and otherwise stops', { skip: process.platform === 'win32' }, async () => {
    const reloading = await run(
      `await runUntilStopped(log, async ({ onHangUp }) => {
         onHangUp(() => { console.log('reloaded'); process.kill(process.pid, 'SIGTERM'); }); console.log('ready');
       });`,
      (child) => child.kill('SIGHUP'),
    );
    assert.match(reloading.out, /reloaded[\s\S]*ended/);
    const { out } = await run(`await runUntilStopped(log, async () => console.log('ready'));`, (child) => child.kill('SIGHUP'));
    assert.match(out, /SIGHUP received: stopping[\s\S]*ended/);
  });

  it('ends at the deadline if something keeps the process alive', async () => {
    const { code, out } = await run(
      `await runUntilStopped(log, async () => console.log('ready'), 200); setInterval(() => {}, 1000);`,
      (child) => child.kill('SIGTERM'),
    );
    assert.equal(code, 1);
    assert.match(out, /Not stopped after 0.2 s/);
  });
});
