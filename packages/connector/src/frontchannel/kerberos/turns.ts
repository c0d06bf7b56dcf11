/**
 * Lets few calls into a library run at a time: each one holds a thread that Node needs for files and names as well, and cannot be
 * stopped from outside. Whoever asked is sent away in time, also where the call never ends.
 */

export interface TurnsOptions {
  maxRunning: number;
  /** From the question to the answer, waiting included. */
  timeoutMs: number;
}

export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** @returns a function that throws where there was no answer in time; a turn is free again only when its work has ended */
export function createTurns({ maxRunning, timeoutMs }: TurnsOptions): Turns {
  const waiting = new Set<() => void>();
  let running = 0;

  function done(): void {
    running--;
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    next();
  }

  return (work) =>
    new Promise((resolve, reject) => {
      const start = () => {
        running++;
        // Whoever was sent away meanwhile leaves work that has begun, and its turn, as they are.
        work()
          .then(resolve, reject)
          .finally(() => {
            clearTimeout(timer);
            done();
          });
      };
      const timer = setTimeout(() => {
        const began = !waiting.delete(start);
        reject(
          new Error(began ? `No answer within ${timeoutMs} ms` : `No turn within ${timeoutMs} ms: ${maxRunning} calls have no answer yet`),
        );
      }, timeoutMs);
      if (running < maxRunning) start();
      else waiting.add(start);
    });
}
