/** How long each part of a request took, for operators who look for what is slow; connectors send theirs if the hub knows `steps`. */
import { z } from 'zod';

export interface Step {
  name: string;
  ms: number;
  /** The result in a word or a sentence, without secrets. */
  outcome: string;
}

const MAX_STEPS = 32;
const MAX_NAME_CHARS = 64;
const MAX_OUTCOME_CHARS = 256;

const step: z.ZodType<Step> = z.object({
  name: z.string().transform((name) => name.slice(0, MAX_NAME_CHARS)),
  ms: z.number().nonnegative(),
  outcome: z.string().transform((outcome) => outcome.slice(0, MAX_OUTCOME_CHARS)),
});

/** The steps of an answer, cut to what a page can show. */
export const stepsSchema = z.array(step).transform((steps) => steps.slice(0, MAX_STEPS));

/** Measures `work` if `onStep` is given. @param outcome the result in one word, without secrets */
export async function timed<T>(
  onStep: ((step: Step) => void) | undefined,
  name: string,
  work: () => Promise<T>,
  outcome: (result: T) => string,
): Promise<T> {
  if (onStep === undefined) return work();
  const startedAt = performance.now();
  try {
    const result = await work();
    onStep({ name, ms: msSince(startedAt), outcome: outcome(result) });
    return result;
  } catch (error) {
    onStep({ name, ms: msSince(startedAt), outcome: error instanceof Error ? error.message : 'failed' });
    throw error;
  }
}

/** @returns milliseconds since a `performance.now()`, to the hundredth */
export function msSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 100) / 100;
}
