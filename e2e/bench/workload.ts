/**
 * Sign-ins in a closed loop: a fixed number in flight, each followed by the next. It runs in a separate process and reports the begin and
 * end of measuring, so that the CPU time of all processes covers the same interval.
 */

/** Messages to a load process. */
export interface Cell {
  inFlight: number;
  /** Whether each sign-in searches the user's groups. */
  searchGroups: boolean;
  seconds: number;
}

export type LoadMessage = { type: 'ready' } | { type: 'begin' } | ({ type: 'end' } & Measured) | { type: 'failed'; message: string };

export interface Measured {
  logins: number;
  /** Answers other than a successful sign-in. */
  failures: number;
  seconds: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
}

/** Without a warm-up, the first cell would measure the compiler and cold caches. */
const WARM_UP_MS = 1500;

/** A worker for one cell: a sign-in by number, and an end. */
export interface Client {
  /** @returns whether it succeeded */
  login(index: number): Promise<boolean>;
  close(): void;
}

/** Takes the task from the parent's first message, then answers each cell with `begin` and `end`. Ends when the parent disconnects. */
export function serveCells<Task>(prepare: (task: Task, cell: Cell) => Promise<Client>): void {
  const tell = (message: LoadMessage) => process.send?.(message);
  process.once('message', (task: Task) => {
    process.on('message', (cell: Cell) => {
      runCell(cell, prepare(task, cell), () => tell({ type: 'begin' })).then(
        (measured) => tell({ type: 'end', ...measured }),
        (error) => tell({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
    });
    tell({ type: 'ready' });
  });
  process.on('disconnect', () => process.exit());
}

async function runCell(cell: Cell, prepared: Promise<Client>, onBegin: () => void): Promise<Measured> {
  const { login, close } = await prepared;
  const latencies: number[] = [];
  let failures = 0;
  let next = 0;
  let measuring = false;
  let running = true;
  const worker = async () => {
    while (running) {
      const before = performance.now();
      const succeeded = await login(next++);
      if (!measuring) continue;
      if (succeeded) latencies.push(performance.now() - before);
      else failures++;
    }
  };
  const workers = Promise.all(Array.from({ length: cell.inFlight }, worker));
  // A worker that throws ends the cell at once.
  await Promise.race([workers, wait(WARM_UP_MS)]);
  measuring = true;
  const began = performance.now();
  onBegin();
  await Promise.race([workers, wait(cell.seconds * 1000)]);
  measuring = false;
  const seconds = (performance.now() - began) / 1000;
  running = false;
  await workers;
  close();
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return { logins: latencies.length, failures, seconds, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
