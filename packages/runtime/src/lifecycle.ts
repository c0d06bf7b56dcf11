/** Runs a program until a signal: parts start in order and stop in reverse order, before a deadline. */
import type { Log } from './log.ts';

export interface Lifecycle {
  /** Registers how to stop a part that has just started. The last part registered stops first. */
  onStop(name: string, stop: () => Promise<void> | void): void;
  /** Makes SIGHUP call `reload`, which must not throw, instead of stopping. On Windows, SIGHUP means a closing console and always stops. */
  onHangUp(reload: () => void): void;
  /** Also stops when standard input ends. Windows has no SIGTERM, so its service host asks for a stop in this way. */
  stopWhenStdinEnds(): void;
  /** Aborted when stopping begins. */
  readonly stopping: AbortSignal;
}

/** From the signal to the end of the process. systemd kills after 90 s, the Windows service manager after 30 s. */
const STOP_DEADLINE_MS = 25_000;

/**
 * Calls `start`, waits for SIGTERM, SIGINT or (without `onHangUp`) SIGHUP, and stops all parts. A second signal ends the process at once.
 *
 * @param start starts the parts and registers how to stop each one; if it throws, the parts started so far stop and the error is rethrown
 * @returns after all parts have stopped; the caller sets the exit code, and the process must end before the deadline
 */
export async function runUntilStopped(
  log: Log,
  start: (lifecycle: Lifecycle) => Promise<void>,
  deadlineMs = STOP_DEADLINE_MS,
): Promise<void> {
  const parts: { name: string; stop: () => Promise<void> | void }[] = [];
  const controller = new AbortController();
  let reload: (() => void) | undefined;
  let stopNow: () => void = () => {};
  const stopped = new Promise<void>((resolve) => {
    stopNow = resolve;
    const onSignal = (signal: NodeJS.Signals) => {
      if (signal === 'SIGHUP' && reload !== undefined && process.platform !== 'win32') {
        // A program that is stopping has nothing to reload.
        if (!controller.signal.aborted) reload();
        return;
      }
      if (controller.signal.aborted) {
        log.warn(`${signal} received again: ending now`);
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
      stopWhenStdinEnds: () =>
        watchStdin(controller.signal, () => {
          log.info('Standard input ended: stopping');
          controller.abort();
          stopNow();
        }),
      stopping: controller.signal,
    });
    await stopped;
  } finally {
    controller.abort();
    const deadline = setTimeout(() => {
      log.error(`Not stopped after ${deadlineMs / 1000} s: ending now`);
      process.exit(1);
    }, deadlineMs);
    for (const part of parts.reverse()) {
      try {
        await part.stop();
      } catch (error) {
        log.error({ err: error }, `Failed to stop ${part.name}`);
      }
    }
    // It stays armed for whatever still keeps the process alive.
    deadline.unref();
  }
}

/** Calls `onEnd` once, unless the program is already stopping. Input is discarded. */
function watchStdin(stopping: AbortSignal, onEnd: () => void): void {
  const { stdin } = process;
  // An open standard input would keep the process alive after a signal.
  stopping.addEventListener('abort', () => stdin.destroy());
  const ended = () => {
    if (!stopping.aborted) onEnd();
  };
  // After an error, nobody can ask for a stop any more.
  stdin.once('end', ended).once('error', ended).once('close', ended).resume();
}
