/** The two command lines behave alike. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

const PROGRAMS = join(import.meta.dirname, '..', 'node_modules', '.bin');

const homes = {
  empty: mkdtempSync(join(tmpdir(), 'landbridge-cli-')),
  broken: mkdtempSync(join(tmpdir(), 'landbridge-cli-')),
};
for (const file of ['config.json', 'hub.json']) writeFileSync(join(homes.broken, file), '{ "PORT": ');
after(() => {
  for (const home of Object.values(homes)) rmSync(home, { recursive: true });
});

interface Case {
  title: string;
  args: { connector: string[]; hub: string[] } | string[];
  exitCode: 0 | 1 | 2;
  stdout?: RegExp;
  stderr?: RegExp;
}

const USAGE = /^error: .*\n(?:\(Did you mean .*\n)?Run "landbridge-\w+ --help" for usage\.\n$/s;

const CASES: readonly Case[] = [
  { title: 'prints its version', args: ['--version'], exitCode: 0, stdout: /^\d+\.\d+\.\d+\n$/ },
  { title: 'prints its version with -V', args: ['-V'], exitCode: 0, stdout: /^\d+\.\d+\.\d+\n$/ },
  {
    title: 'prints help with all commands, the home folder and examples',
    args: ['--help'],
    exitCode: 0,
    stdout: /^Usage: landbridge-.*--home <folder> .*LANDBRIDGE_HOME.*Commands:\n {2}run .*Examples:\n {2}landbridge-.*docs\//s,
  },
  {
    title: 'prints help for a command, with the global options',
    args: ['run', '--help'],
    exitCode: 0,
    stdout: /^Usage: landbridge-\w+ run .*Global Options:.*--home <folder>/s,
  },
  { title: 'prints help to standard error without a command', args: [], exitCode: 2, stderr: /^Usage: landbridge-/ },
  {
    title: 'prints help to standard error for a command that needs a subcommand',
    args: { connector: ['config'], hub: ['connection'] },
    exitCode: 2,
    stderr: /^Usage: landbridge-\w+ \w+ /,
  },
  { title: 'rejects an unknown command and suggests a similar one', args: ['runn'], exitCode: 2, stderr: /Did you mean run\?/ },
  { title: 'rejects an unknown command', args: ['nonsense'], exitCode: 2, stderr: USAGE },
  {
    title: 'rejects an unknown subcommand',
    args: { connector: ['config', 'nonsense'], hub: ['connection', 'nonsense'] },
    exitCode: 2,
    stderr: USAGE,
  },
  { title: 'rejects an unknown option', args: ['run', '--nonsense'], exitCode: 2, stderr: USAGE },
  { title: 'rejects a missing argument', args: { connector: ['user'], hub: ['connection', 'create'] }, exitCode: 2, stderr: USAGE },
  { title: 'rejects surplus arguments', args: ['run', 'surplus'], exitCode: 2, stderr: USAGE },
  { title: 'rejects --home without a folder', args: ['run', '--home'], exitCode: 2, stderr: USAGE },
  {
    title: 'prints the message, code and action of an error, and where it is explained',
    args: { connector: ['export', 'x', '--home', homes.empty], hub: ['status', '--home', homes.empty] },
    exitCode: 1,
    stderr: /^(?:Created a new hub in [^\n]+\n)?error: [^\n]+ \[[A-Z_]+\]\n {7}[^\n]+\.\n {7}Help: docs\/errors\.md\n$/,
  },
  {
    title: 'takes the home folder from --home, and reports an unreadable configuration file',
    args: { connector: ['config', 'show', '--home', homes.broken], hub: ['connection', 'list', '--home', homes.broken] },
    exitCode: 1,
    stderr: new RegExp(`^error: ${homes.broken}/(?:config|hub)\\.json`),
  },
  {
    title: 'takes the home folder from LANDBRIDGE_HOME',
    args: { connector: ['config', 'show'], hub: ['connection', 'list'] },
    exitCode: 1,
    stderr: new RegExp(`^error: ${homes.broken}/(?:config|hub)\\.json`),
  },
];

describe('a command line', { concurrency: 3 }, () => {
  for (const { title, args, exitCode, stdout, stderr } of CASES) {
    for (const program of ['connector', 'hub'] as const) {
      it(`${title}: landbridge-${program}`, async () => {
        const result = await run(`landbridge-${program}`, Array.isArray(args) ? args : args[program]);
        assert.equal(result.exitCode, exitCode, result.stdout + result.stderr);
        for (const stream of ['stdout', 'stderr'] as const) {
          const expected = { stdout, stderr }[stream];
          if (expected !== undefined) assert.match(result[stream], expected);
          else if (stream === 'stderr' || exitCode !== 1) assert.equal(result[stream], '');
        }
      });
    }
  }
});

function run(program: string, args: readonly string[]): Promise<{ exitCode: unknown; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, LANDBRIDGE_HOME: homes.broken };
  return new Promise((resolve) =>
    execFile(join(PROGRAMS, program), args, { env, cwd: '/', timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : error.code, stdout, stderr }),
    ),
  );
}
