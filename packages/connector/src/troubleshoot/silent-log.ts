/** A log for the parts under test, whose findings the checks report themselves. */
import { createLog, type Log } from '@landbridge/runtime';

/** @returns the log and the messages of its warnings */
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
