/** Applying a change to the running connector, in the words of a page: what was done, what waits for a restart, why it was refused. */

import { CodedError } from '@landbridge/runtime';
import { type Message, sentence } from '@landbridge/web';
import type { Applied } from '../agent/connector.ts';
import type { ConsoleContext } from './page-context.ts';

/** @returns what to say; `refused` where it may be applied all the same, by force */
export async function applied(
  context: ConsoleContext,
  change: () => Promise<Applied>,
  done = 'It is saved and in use.',
): Promise<Message & { refused: boolean }> {
  try {
    const { afterRestart, remarks } = await change();
    for (const name of afterRestart) context.restartDue.add(name);
    const restart =
      afterRestart.length === 0
        ? ''
        : ` ${afterRestart.join(', ')} ${afterRestart.length === 1 ? 'counts' : 'count'} from the next start on.`;
    return { tone: 'good', text: `${done}${restart}${remarks.map((remark) => ` Note: ${remark}.`).join('')}`, refused: false };
  } catch (error) {
    const text = sentence(error);
    if (!(error instanceof CodedError) || text === undefined) throw error;
    return { tone: 'bad', text, refused: error.code === 'CHANGE_REFUSED' };
  }
}
