/** CPU time and memory of other processes, from Linux' /proc (proc(5)); all threads of a process are in its numbers. */
import { readFileSync } from 'node:fs';

/** The unit of times in /proc/PID/stat; the kernel shows 100 a second to programs on every architecture that Node runs on. */
const TICK_MS = 10;

/** User and system time so far, in milliseconds, exact to 10 ms. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses, and may hold anything; `utime` and `stime` are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory in MB (of 1024 * 1024 bytes): now, and the most it ever was. */
export function memoryMb(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
  return { now: kilobytes('VmRSS') / 1024, peak: kilobytes('VmHWM') / 1024 };
}
