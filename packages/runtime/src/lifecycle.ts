/** Running until told to stop: parts are started in order and stopped in reverse, within a deadline. */
import type { Log } from './log.ts';

export interface Lifecycle {
  /** Registers what undoes a part that was just started. The last registered is stopped first. */
  onStop(name: string, stop: () => Promise<void> | void): void;
  /**
   * What SIGHUP does from now on, instead of stopping; it must not throw. On Windows SIGHUP says that the console is being closed, and
   * still stops.
   */
  onHangUp(reload: () => void): void;
  /** Aborted when stopping begins. */
  readonly stopping: AbortSignal;
}

/** Everything together may take this long to stop; systemd kills after 90 s, Windows' service manager after 30 s. */
const STOP_DEADLINE_MS = 25_000;

/**
 * Calls `start`, then waits for SIGTERM, SIGINT or, unless `onHangUp` was called, SIGHUP (a second one ends at once), then stops what was started.
 *
 * @param start starts the parts and registers how each is stopped; when it throws, what it had started is stopped and the error goes on
 * @returns when all is stopped; the caller sets the exit code
 */
export async function runUntilStopped(log: Log, start: (lifecycle: Lifecycle) => Promise<void>): Promise<void> {
  const parts: { name: string; stop: () => Promise<void> | void }[] = [];
  const controller = new AbortController();
  let reload: (() => void) | undefined;
  const stopped = new Promise<void>((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      if (signal === 'SIGHUP' && reload !== undefined && process.platform !== 'win32') {
        // What is stopping has nothing to reload, and a stop is not made a kill by it.
        if (!controller.signal.aborted) reload();
        return;
      }
      if (controller.signal.aborted) {
        log.warn(`${signal} again: ending at once`);
        process.exit(1);
      }
      log.info(`${signal} received: stopping`);
      controller.abort();
      resolve();
    };
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
  try {
    await start({
      onStop: (name, stop) => parts.push({ name, stop }),
      onHangUp: (onHangUp) => {
        reload = onHangUp;
      },
      stopping: controller.signal,
    });
    await stopped;
  } finally {
    controller.abort();
    const deadline = setTimeout(() => {
      log.error('Not everything stopped in time: ending now');
      process.exit(1);
    }, STOP_DEADLINE_MS);
    for (const part of parts.reverse()) {
      try {
        await part.stop();
      } catch (error) {
        log.error({ err: error }, `Stopping ${part.name} failed`);
      }
    }
    clearTimeout(deadline);
  }
}
