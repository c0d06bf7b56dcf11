/** Tells whoever wants to see the way of a request how long each step of it took. */
import type { RequestContext } from './users.ts';

/** @param outcome what came out, in a word, without secrets */
export async function timed<T>(context: RequestContext, name: string, work: Promise<T>, outcome: (result: T) => string): Promise<T> {
  const { onStep } = context;
  if (onStep === undefined) return work;
  const start = performance.now();
  try {
    const result = await work;
    onStep({ name, ms: performance.now() - start, outcome: outcome(result) });
    return result;
  } catch (error) {
    onStep({ name, ms: performance.now() - start, outcome: error instanceof Error ? error.message : 'failed' });
    throw error;
  }
}
