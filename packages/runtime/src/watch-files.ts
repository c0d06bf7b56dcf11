/** Reads files again every minute, so that a renewed certificate is in use without a restart. */
import { isDeepStrictEqual } from 'node:util';
import { errorText } from './coded-error.ts';
import type { Log } from './log.ts';

/** Certificates are renewed weeks ahead. */
const CHECK_INTERVAL_MS = 60_000;

export interface FileWatch<T> {
  /** The content in use. */
  current(): T;
  /** Reads the files now. */
  check(): void;
  stop(): void;
}

/**
 * Unusable files are logged once, and the previous content stays in use.
 *
 * @param options.what such as `the TLS certificate`
 * @param options.use called with each new content, and with the first
 * @throws what `read` throws the first time
 */
export function watchFiles<T>(options: {
  what: string;
  read: () => T;
  use: (content: T) => void;
  /** Called after each reading. */
  onChecked?: (content: T) => void;
  log: Log;
  /** For tests. */
  intervalMs?: number;
}): FileWatch<T> {
  const { what, read, use, onChecked, log } = options;
  let current = read();
  let lastProblem: string | undefined;
  use(current);
  onChecked?.(current);

  function check(): void {
    try {
      const found = read();
      lastProblem = undefined;
      if (!isDeepStrictEqual(found, current)) {
        use(found);
        current = found;
        log.info(`Using the renewed files of ${what}`);
      }
    } catch (error) {
      const problem = errorText(error);
      // While files are being replaced they do not match for a moment; the next check finds them complete.
      if (problem !== lastProblem) log.error({ err: error }, `The changed files of ${what} cannot be used; the previous ones stay in use`);
      lastProblem = problem;
    }
    onChecked?.(current);
  }

  const timer = setInterval(check, options.intervalMs ?? CHECK_INTERVAL_MS);
  timer.unref();
  return { current: () => current, check, stop: () => clearInterval(timer) };
}
