/** A third-party server as a child process in a temporary folder, for tests. */
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnBound } from '@landbridge/lab';
import { until } from './programs.ts';

export interface LoggedProcess extends AsyncDisposable {
  /** What it has written so far. */
  output(): Promise<string>;
}

export interface LoggedProcessOptions {
  /** For messages. */
  name: string;
  command: string;
  args: string[];
  /** Variables besides PATH. */
  environment: Record<string, string>;
  /** Gets the output, and is removed when the process is stopped. */
  folder: string;
  isUp: () => Promise<boolean>;
}

/** Returns when it is up. @throws with its output if it ends before that */
export async function startLogged({ name, command, args, environment, folder, isUp }: LoggedProcessOptions): Promise<LoggedProcess> {
  const log = join(folder, 'output');
  const output = openSync(log, 'a', 0o600);
  const child = spawnBound(command, args, { env: { PATH: process.env.PATH ?? '', ...environment }, stdio: ['ignore', output, output] });
  closeSync(output);
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until(`${name} is up`, async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${await readFile(log, 'utf8')}`);
      return isUp();
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { output: () => readFile(log, 'utf8'), [Symbol.asyncDispose]: stop };
}
