/** Limits how many tasks run at a time. The others wait in order; a task that may not wait, or waited too long, is rejected without running. */

export interface SemaphoreOptions {
  maxRunning: number;
  /** Unlimited by default. */
  maxWaiting?: number;
  /** Bounds the waiting, not the task. */
  waitTimeoutMs?: number;
  /** A place that was busy for some time rests this many times as long before a waiting task takes it. 0 by default. */
  restFactor?: number;
  /** What `run` throws for a task that was not run; a SemaphoreError by default. */
  rejection?: (reason: SemaphoreRejection) => Error;
}

export type SemaphoreRejection =
  /** `maxWaiting` tasks are waiting already. */
  | 'full'
  /** It waited for `waitTimeoutMs`. */
  | 'timeout'
  /** Its signal was aborted while it waited. */
  | 'aborted'
  | 'closed';

export class SemaphoreError extends Error {
  readonly reason: SemaphoreRejection;

  constructor(reason: SemaphoreRejection) {
    super(`Not run: ${reason}`);
    this.reason = reason;
  }
}

export interface Semaphore {
  /** @throws the rejection of a task that was not run, and what the task throws */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  readonly waiting: number;
  /** Rejects all waiting tasks with this error. */
  rejectWaiting(error: Error): void;
  /** Rejects all waiting and later tasks. Resolves when the running ones have ended. */
  close(): Promise<void>;
  /** Resolves when no task runs or waits. */
  idle(): Promise<void>;
}

export function createSemaphore(options: SemaphoreOptions): Semaphore {
  const { maxRunning, maxWaiting = Number.POSITIVE_INFINITY, waitTimeoutMs, restFactor = 0 } = options;
  const { rejection = (reason) => new SemaphoreError(reason) } = options;
  const queue = new Set<{ start(): void; reject(error: Error): void }>();
  const whenIdle: (() => void)[] = [];
  let running = 0;
  let closed = false;

  /** Resolves when a running task has handed its place over. */
  function wait(signal: AbortSignal | undefined): Promise<void> {
    if (queue.size >= maxWaiting) throw rejection('full');
    if (signal?.aborted) throw rejection('aborted');
    return new Promise((resolve, reject) => {
      const leave = () => {
        queue.delete(waiting);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiting = {
        start: () => {
          leave();
          resolve();
        },
        reject: (error: Error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = () => waiting.reject(rejection('aborted'));
      const timer = waitTimeoutMs === undefined ? undefined : setTimeout(() => waiting.reject(rejection('timeout')), waitTimeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      queue.add(waiting);
    });
  }

  /** A place that is handed over, or rests, counts as taken. */
  function handOver(): void {
    const [next] = queue;
    if (next !== undefined) return next.start();
    running--;
    if (running === 0) for (const resolve of whenIdle.splice(0)) resolve();
  }

  function rejectWaiting(error: Error): void {
    for (const waiting of [...queue]) waiting.reject(error);
  }

  function idle(): Promise<void> {
    return running === 0 ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve));
  }

  return {
    get waiting() {
      return queue.size;
    },
    async run(task, signal) {
      if (closed) throw rejection('closed');
      if (running >= maxRunning) await wait(signal);
      else running++;
      const startedAt = performance.now();
      try {
        return await task();
      } finally {
        const restMs = (performance.now() - startedAt) * restFactor;
        if (restMs > 0 && queue.size > 0) setTimeout(handOver, restMs);
        else handOver();
      }
    },
    rejectWaiting,
    close() {
      closed = true;
      rejectWaiting(rejection('closed'));
      return idle();
    },
    idle,
  };
}
