/** A log that nobody reads: what it would say is told by the checks themselves. */
import { createLog, type Log } from '@landbridge/runtime';

/** @returns also the messages of its warnings, for a check that has no other way to learn of them */
export function silentLog(): { log: Log; warnings: string[] } {
  const warnings: string[] = [];
  const { log } = createLog({
    level: 'warn',
    format: 'json',
    destination: {
      write(line) {
        const { msg, host }: { msg?: string; host?: string } = JSON.parse(line);
        warnings.push(`${msg ?? ''}${host === undefined ? '' : `: ${host}`}`);
      },
    },
  });
  return { log, warnings };
}
