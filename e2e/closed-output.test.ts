/** The programs survive that their output is closed, as `2>&1 | head -1` does, and still stop. If told to, the connector stops with its input. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freePort, spawnBound } from '@landbridge/lab';
import { until } from './programs.ts';

const PROGRAMS = join(import.meta.dirname, '..', 'node_modules', '.bin');

describe('a program whose standard output and error are closed', { concurrency: true }, () => {
  for (const { program, portSetting } of [
    { program: 'landbridge-connector', portSetting: 'CONSOLE_PORT' },
    { program: 'landbridge-hub', portSetting: 'PORT' },
  ]) {
    it(`keeps running and stops on SIGTERM: ${program}`, { timeout: 60_000 }, async () => {
      const home = await mkdtemp(join(tmpdir(), 'landbridge-closed-'));
      const port = await freePort();
      const child = spawnBound(join(PROGRAMS, program), ['run', '--home', home], {
        env: { PATH: process.env.PATH ?? '', [portSetting]: String(port) },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      try {
        assert.ok(child.stderr && child.stdout);
        await once(child.stderr, 'data');
        child.stderr.destroy();
        child.stdout.destroy();
        await until('it serves requests', () =>
          fetch(`http://127.0.0.1:${port}/`).then(
            () => true,
            () => false,
          ),
        );
        child.kill('SIGTERM');
        assert.deepEqual(await once(child, 'exit'), [0, null]);
      } finally {
        child.kill('SIGKILL');
        await rm(home, { recursive: true, force: true });
      }
    });
  }
});

it('the connector stops when its standard input ends, if it is told to', { timeout: 60_000 }, async () => {
  const home = await mkdtemp(join(tmpdir(), 'landbridge-closed-'));
  const child = spawnBound(join(PROGRAMS, 'landbridge-connector'), ['run', '--stop-when-stdin-ends', '--home', home], {
    env: { PATH: process.env.PATH ?? '', CONSOLE_PORT: String(await freePort()) },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  try {
    assert.ok(child.stdin && child.stderr);
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    await until('it runs', async () => log.includes('Console: open'));
    child.stdin.end();
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    assert.match(log, /Standard input ended: stopping/);
  } finally {
    child.kill('SIGKILL');
    await rm(home, { recursive: true, force: true });
  }
});
