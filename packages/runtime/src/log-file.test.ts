import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLog } from './log.ts';
import { openLogFile } from './log-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-file-'));
  path = join(folder, 'logs', 'connector.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const line = (i: number) => `line ${String(i).padStart(5, '0')}\n`;

describe('a log file', () => {
  it('contains each line in order and is readable by its owner only', async () => {
    const file = openLogFile({ path, maxBytes: 1_000_000, kept: 3 });
    for (let i = 0; i < 1000; i++) file.write(line(i), '');
    await file.close();
    assert.equal(readFileSync(path, 'utf8'), Array.from({ length: 1000 }, (_, i) => line(i)).join(''));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'logs')).mode & 0o777, 0o700);
  });

  it('removes permissions of others from an existing file and appends to it', async () => {
    mkdirSync(join(folder, 'logs'));
    writeFileSync(path, 'before\n', { mode: 0o644 });
    const file = openLogFile({ path, maxBytes: 1000, kept: 1 });
    file.write('after\n', '');
    await file.close();
    assert.equal(readFileSync(path, 'utf8'), 'before\nafter\n');
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('rotates full files, keeps a limited number of them, and reads all, oldest first', async () => {
    const file = openLogFile({ path, maxBytes: 30, kept: 2 });
    for (let i = 0; i < 10; i++) {
      file.write(line(i), '');
      await file.flush();
    }
    assert.deepEqual(readdirSync(join(folder, 'logs')).sort(), ['connector.log', 'connector.log.1', 'connector.log.2']);
    assert.equal(await text(await file.read()), [3, 4, 5, 6, 7, 8, 9].map(line).join(''));
    await file.close();
  });

  it('is empty after clearing and accepts new lines', async () => {
    const file = openLogFile({ path, maxBytes: 10, kept: 2 });
    for (let i = 0; i < 4; i++) {
      file.write(line(i), '');
      await file.flush();
    }
    file.write('waits\n', '');
    await file.clear();
    assert.equal(await text(await file.read()), '');
    file.write('new\n', '');
    assert.equal(await text(await file.read()), 'new\n');
    await file.close();
  });

  it('does not follow symbolic links', async () => {
    mkdirSync(join(folder, 'logs'));
    const other = join(folder, 'other');
    writeFileSync(other, 'untouched');
    symlinkSync(other, path);
    const file = openLogFile({ path, maxBytes: 1000, kept: 1 });
    file.write('x\n', '');
    await file.flush();
    assert.equal(readFileSync(other, 'utf8'), 'untouched');
    await file.close();
  });

  it('does not fail if it cannot be written, and later says how many lines were lost', async (t) => {
    writeFileSync(join(folder, 'logs'), 'a file where the folder should be');
    t.mock.timers.enable({ apis: ['Date'], now: 0 });
    const file = openLogFile({ path, maxBytes: 1000, kept: 1 });
    const { log } = createLog({ level: 'info', format: 'text', destination: { write: () => {} }, copies: [file] });
    log.info('one');
    log.info('two');
    await file.flush();
    rmSync(join(folder, 'logs'));
    log.info('three');
    await file.flush();
    const [lost, three] = readFileSync(path, 'utf8').split('\n');
    assert.match(lost ?? '', /2 log lines could not be written here$/);
    assert.match(three ?? '', /three$/);
    await file.close();
  });

  it('buffers a limited amount for a slow disk', async () => {
    const file = openLogFile({ path, maxBytes: 100_000_000, kept: 1 });
    const long = `${'x'.repeat(1024 * 1024)}\n`;
    for (let i = 0; i < 6; i++) file.write(long, '');
    await file.close();
    const written = readFileSync(path, 'utf8');
    assert.match(written.slice(0, 200), /3 log lines could not be written here/);
    assert.ok(written.length < 4 * 1024 * 1024 + 200);
  });

  it('contains the last lines of a process that ends immediately', () => {
    const source = `import { openLogFile } from ${JSON.stringify(new URL('./log-file.ts', import.meta.url).href)};
      const file = openLogFile({ path: ${JSON.stringify(path)}, maxBytes: 1000, kept: 1 });
      file.write('last words\\n', '');
      process.exit(0);`;
    spawnSync(process.execPath, ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', source]);
    assert.equal(readFileSync(path, 'utf8'), 'last words\n');
  });

  it('contains no secrets', async () => {
    const file = openLogFile({ path, maxBytes: 1000, kept: 1 });
    const { log, keepSecret } = createLog({ level: 'info', format: 'json', destination: { write: () => {} }, copies: [file] });
    keepSecret('hunter2-hunter2');
    log.info({ given: 'hunter2-hunter2', password: 'other-secret' }, 'hunter2-hunter2');
    await file.close();
    assert.doesNotMatch(readFileSync(path, 'utf8'), /hunter2|other-secret/);
  });
});
