/**
 * The thread that runs custom mappers. Each batch of mappings is one message, and so are its results, because waking a thread costs more than a
 * mapping.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createEngine, type Engine } from './engine.ts';
import type { MapRequest, MapResult, WorkerMessage, WorkerSettings } from './messages.ts';

/** After this time the results so far are sent, and the rest of the batch returns to the queue. */
const SLICE_MS = 50;

const settings: WorkerSettings = workerData;
const progress = new Int32Array(settings.progress);

function post(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

/** An exception of the engine itself: its state is unknown, so the worker must be replaced. */
function postBroken(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  post({ kind: 'broken', failure: { code: 'MAPPER_FAILED', message: `the engine failed: ${message.slice(0, 500)}` } });
}

let engine: Engine | undefined;
try {
  engine = await createEngine(settings, (line) => post({ kind: 'console', line }));
  post({ kind: 'loaded', failure: engine.failure });
} catch (error) {
  postBroken(error);
}

parentPort?.on('message', (batch: MapRequest[]) => {
  const results: MapResult[] = [];
  const begin = performance.now();
  try {
    for (const request of batch) {
      Atomics.store(progress, 0, results.length);
      if (engine !== undefined) results.push(engine.map(request));
      if (performance.now() - begin > SLICE_MS) break;
    }
    post({ kind: 'mapped', results });
  } catch (error) {
    postBroken(error);
  }
});
