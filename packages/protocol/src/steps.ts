/** The way that a request took through a connector, for people who look for what is slow: our addition (capability `steps`). */
import { z } from 'zod';

export interface Step {
  name: string;
  ms: number;
  /** What came out, in a word or a sentence, without secrets. */
  outcome: string;
}

const MAX_STEPS = 32;
const MAX_NAME_CHARS = 64;
const MAX_OUTCOME_CHARS = 256;

const step = z.object({
  name: z.string().transform((name) => name.slice(0, MAX_NAME_CHARS)),
  ms: z.number().nonnegative(),
  outcome: z.string().transform((outcome) => outcome.slice(0, MAX_OUTCOME_CHARS)),
});
const stepsOfAnswer = z.object({ steps: z.array(step).transform((steps) => steps.slice(0, MAX_STEPS)) });

/** @returns the steps that stand in an answer; none where they are not as they should be */
export function stepsOf(payload: unknown): Step[] {
  return stepsOfAnswer.safeParse(payload).data?.steps ?? [];
}
