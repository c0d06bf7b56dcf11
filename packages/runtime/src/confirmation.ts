/** Asks before a command removes or replaces something. `--yes` skips the question, also for scripts. */
import { createInterface } from 'node:readline/promises';
import { CodedError } from './coded-error.ts';
import { printable } from './printable.ts';

/** For every command that asks. */
export const YES_OPTION = ['--yes', 'do not ask'] as const;

/**
 * @param question what happens, such as `Delete "corp"?`
 * @throws CodedError CONFIRMATION_REQUIRED without a terminal, which is a usage error; NOT_CONFIRMED if the answer is not yes
 */
export async function requireConfirmation(question: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CodedError('CONFIRMATION_REQUIRED', 'Nothing was changed, because there is no terminal to ask for confirmation', {
      action: 'Add --yes, or run the command in a terminal.',
    });
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`${printable(question)} [y/N] `).finally(() => lines.close());
  if (/^y(?:es)?$/i.test(answer.trim())) return;
  throw new CodedError('NOT_CONFIRMED', 'Nothing was changed', { action: 'To confirm, answer "y", or add --yes.' });
}
