/** The connector's command line in a separate process, as started by an administrator. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export interface RunningCommand {
  child: ChildProcess;
  /** Resolves with the first output, on either stream, that matches; rejects if the process ends without it. */
  printed(pattern: RegExp): Promise<string>;
  /** Resolves when it has ended. `output`: both streams in order of arrival. */
  ended: Promise<{ exitCode: number | null; stdout: string; stderr: string; output: string }>;
}

/** @param input for standard input, which then ends; the test's own environment is not passed on */
export function startCommand(args: string[], options: { environment?: Record<string, string>; input?: string } = {}): RunningCommand {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    env: { PATH: process.env.PATH, ...options.environment },
    stdio: 'pipe',
  });
  child.stdin.end(options.input ?? '');
  let stdout = '';
  let stderr = '';
  let output = '';
  const waiting = new Set<() => void>();
  const collect = (text: string) => {
    output += text;
    for (const look of waiting) look();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    collect(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    collect(text);
  });
  const ended = once(child, 'close').then(() => ({ exitCode: child.exitCode, stdout, stderr, output }));
  return {
    child,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(output);
          if (found !== null) resolve(found[0]);
        };
        waiting.add(look);
        look();
        ended.then(() => reject(new Error(`ended without printing ${pattern}:\n${output}`)), reject);
      }),
  };
}
