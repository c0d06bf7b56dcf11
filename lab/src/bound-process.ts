/** Child processes that die with this process, so that a killed test leaves nothing running. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

/** Like `spawn`. The child has the process id of the program itself. */
export function spawnBound(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  // setpriv (Debian's util-linux) asks the kernel to signal the child when its parent dies, and then becomes the program. The request
  // survives exec (prctl(2), PR_SET_PDEATHSIG).
  return spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], options);
}
