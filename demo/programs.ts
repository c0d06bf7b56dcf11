/** Runs hub and connector from `node_modules/.bin` as processes with a minimal environment. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type ProgramName = 'landbridge-hub' | 'landbridge-connector';
export type Environment = Readonly<Record<string, string>>;

export interface RunningProgram extends AsyncDisposable {
  /** The first value of a field in the program's log. @throws if the program ends first */
  logged(field: string): Promise<string>;
  /** Resolves when the program has ended. */
  readonly ended: Promise<unknown>;
  /** The last lines of its log. */
  tail(): string;
}

const PROGRAMS = join(import.meta.dirname, '..', 'node_modules', '.bin');
const TAIL_LINES = 15;

/** A program that does not stop within this time is killed. */
const STOP_TIMEOUT_MS = 15_000;

/** Settings in the user's environment must not reach the programs. */
function bare(environment: Environment): NodeJS.ProcessEnv {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), LOG_FORMAT: 'json', ...environment };
}

/** Runs a command. @returns its output @throws with its standard error if it fails */
export function runCommand(name: ProgramName, args: string[], { input = '', environment = {}, signal }: CommandOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(join(PROGRAMS, name), args, { env: bare(environment), signal }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else reject(new Error(`${name} ${args[0]} failed: ${`${stdout}${stderr}`.trim() || error.message}`));
    });
    // A command that does not read its input reports why by its exit code.
    child.stdin?.on('error', () => {}).end(input);
  });
}

interface CommandOptions {
  input?: string;
  environment?: Environment;
  signal: AbortSignal;
}

/** Starts `NAME run --home HOME`. */
export function startProgram(name: ProgramName, home: string, environment: Environment): RunningProgram {
  const child = spawn(join(PROGRAMS, name), ['run', '--home', home], { env: bare(environment), stdio: ['ignore', 'ignore', 'pipe'] });
  const lines: string[] = [];
  const fields = new Map<string, PromiseWithResolvers<string>>();
  const ended = once(child, 'exit').catch((error: unknown) => lines.push(String(error)));
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    if (lines.length > TAIL_LINES) lines.shift();
    for (const [field, value] of fieldsOf(line)) waitingFor(field).resolve(value);
  });
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
    for (const { reject } of fields.values()) reject(new Error(`${name} ended`));
  });

  function waitingFor(field: string): PromiseWithResolvers<string> {
    let waiting = fields.get(field);
    if (waiting === undefined) {
      waiting = Promise.withResolvers<string>();
      // It may have no reader.
      waiting.promise.catch(() => {});
      fields.set(field, waiting);
      if (hasEnded) waiting.reject(new Error(`${name} ended`));
    }
    return waiting;
  }

  return {
    logged: (field) => waitingFor(field).promise,
    ended,
    tail: () => lines.join('\n'),
    async [Symbol.asyncDispose]() {
      if (hasEnded) return;
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(timer);
    },
  };
}

/** The string fields of a JSON line; none for other lines. */
function fieldsOf(line: string): [string, string][] {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null) return [];
    return Object.entries(parsed).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  } catch {
    return [];
  }
}
