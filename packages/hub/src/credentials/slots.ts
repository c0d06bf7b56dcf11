/** Runs a few tasks at once and lets some wait: hashing is made to be expensive, and must not take the machine. */

export interface Slots {
  /** @returns what the task gives, or undefined without running it where too many wait already, or it was closed */
  run<T>(task: () => Promise<T>): Promise<T | undefined>;
  /** Drops what waits. Resolves when what runs has ended. */
  close(): Promise<void>;
  /** Resolves when nothing runs or waits. */
  idle(): Promise<void>;
}

/** @param restFactor a place that was busy for some time rests this many times as long before it takes what waits */
export function createSlots(atOnce: number, maxWaiting: number, restFactor = 0): Slots {
  const waiting: { start: () => void; drop: () => void }[] = [];
  let running = 0;
  let closed = false;
  let whenIdle: (() => void)[] = [];

  async function occupy<T>(task: () => Promise<T>): Promise<T> {
    running++;
    const startedAt = performance.now();
    try {
      return await task();
    } finally {
      const restMs = (performance.now() - startedAt) * restFactor;
      // A place that rests counts as taken.
      if (restMs > 0 && waiting.length > 0) setTimeout(leave, restMs);
      else leave();
    }
  }

  function leave(): void {
    running--;
    waiting.shift()?.start();
    if (running > 0 || waiting.length > 0) return;
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  }

  const self: Slots = {
    run(task) {
      if (closed) return Promise.resolve(undefined);
      if (running < atOnce) return occupy(task);
      if (waiting.length >= maxWaiting) return Promise.resolve(undefined);
      return new Promise((resolve, reject) => {
        waiting.push({ start: () => occupy(task).then(resolve, reject), drop: () => resolve(undefined) });
      });
    },
    close() {
      closed = true;
      for (const { drop } of waiting.splice(0)) drop();
      return self.idle();
    },
    idle() {
      if (running === 0 && waiting.length === 0) return Promise.resolve();
      return new Promise((resolve) => whenIdle.push(resolve));
    },
  };
  return self;
}
