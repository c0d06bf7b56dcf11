/**
 * `npm test`: installs programs that tests need, then runs the tests of all workspaces. Types, format, lint and import directions are tests
 * too (`checks.test.ts`, `imports.test.ts`).
 *
 * Arguments select tests: `npm test -- packages/hub` for a folder, file or glob, `-- --test-name-pattern=…` for names.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ensureDebianPackages } from './debian-packages.ts';
import { ensureNpmPrograms } from './npm-programs.ts';

const root = join(import.meta.dirname, '..');
process.chdir(root);

/** A test that takes longer hangs. The slowest take a tenth of it on an idle machine. */
const TEST_TIMEOUT_MS = 180_000;

function main(args: string[]): number {
  const isCi = process.env.CI === 'true';
  if (!ensureDebianPackages(isCi) || !ensureNpmPrograms(isCi)) return 1;
  const { workspaces }: { workspaces: string[] } = JSON.parse(readFileSync('package.json', 'utf8'));
  const options = args.filter((arg) => arg.startsWith('-'));
  const files = args.filter((arg) => !arg.startsWith('-'));
  const folders = files.length > 0 ? files : [...workspaces, 'packaging', 'tools'];
  const result = spawnSync(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--test',
      '--test-reporter=spec',
      `--test-timeout=${TEST_TIMEOUT_MS}`,
      // Most tests wait for child processes, so one more than the number of processors keeps them busy.
      `--test-concurrency=${availableParallelism() + 1}`,
      ...options,
      ...folders.map((path) => (isFolder(path) ? `${path.replace(/\/$/, '')}/**/*.test.ts` : path)),
    ],
    { stdio: 'inherit' },
  );
  return result.status ?? 1;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

process.exitCode = main(process.argv.slice(2));
