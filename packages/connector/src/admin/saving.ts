/** A change that is being tried and saved, which a page follows: reaching a slow directory and the hub can take a minute. */
import type { Message } from '@landbridge/web';
import type { Applied, ChangeStep } from '../agent/connector.ts';
import { applied } from './change.ts';
import type { ConsoleContext } from './page-context.ts';
import type { RejectedForm } from './setting-field.ts';

export interface Saving {
  /** Where the form was. */
  readonly address: string;
  readonly input: Omit<RejectedForm, 'problems'>;
  /** Resolves when it is over; never rejects. */
  readonly done: Promise<void>;
  /** The steps so far; the last one is running unless it is over. */
  steps(): readonly ChangeStep[];
  /** Undefined while it is running. */
  outcome(): (Message & { refused: boolean }) | undefined;
  /** A fault of the program. */
  failure(): unknown;
}

export function startSaving(
  context: ConsoleContext,
  change: (onStep: (step: ChangeStep) => void) => Promise<Applied>,
  { address, input }: Pick<Saving, 'address' | 'input'>,
): Saving {
  const steps: ChangeStep[] = [];
  let outcome: (Message & { refused: boolean }) | undefined;
  let failure: unknown;
  const done = applied(context, () => change((step) => steps.push(step))).then(
    (message) => {
      outcome = message;
    },
    (error: unknown) => {
      failure = error;
    },
  );
  return { address, input, done, steps: () => steps, outcome: () => outcome, failure: () => failure };
}
