/** Runs programs of the system for the build. */
import { spawnSync } from 'node:child_process';

/** @returns its standard output. @throws with everything it printed, if it fails */
export function runTool(program: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): string {
  const result = spawnSync(program, args, { ...options, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (result.status === 0) return result.stdout;
  throw new Error(`${program} ${args.join(' ')} failed: ${result.error?.message ?? `${result.stdout}${result.stderr}`}`);
}
