/** Processes that end with this one, however it ends: a test that is killed leaves nothing running. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

/** Like `spawn`; the child's pid is the program's own. */
export function spawnBound(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  // setpriv (Debian's util-linux, which every Debian has) asks the kernel for a signal at the death of its parent, and then
  // becomes the program; the request survives that (prctl(2), PR_SET_PDEATHSIG).
  return spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], options);
}
