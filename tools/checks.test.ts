import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

function run(program: string, ...args: string[]): void {
  const result = spawnSync(join(root, 'node_modules', '.bin', program), args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  assert.equal(result.status, 0, result.error?.message ?? `${result.stdout}${result.stderr}`);
}

test('the types are correct', () => run('tsc'));
test('format and lint are clean (npm run format fixes most problems)', () => run('biome', 'check', '--error-on-warnings', '.'));
