/** Applies a change to the running connector, and reports the result as a message. */
import { CodedError } from '@landbridge/runtime';
import { type Message, sentence } from '@landbridge/web';
import type { Applied } from '../agent/connector.ts';
import type { ConsoleContext } from './page-context.ts';

/** @returns the message; `refused` if the change can still be forced */
export async function applied(
  context: ConsoleContext,
  change: () => Promise<Applied>,
  done = 'Saved and in use.',
): Promise<Message & { refused: boolean }> {
  try {
    const { afterRestart, remarks } = await change();
    for (const name of afterRestart) context.restartDue.add(name);
    const restart =
      afterRestart.length === 0
        ? ''
        : ` ${afterRestart.join(', ')} ${afterRestart.length === 1 ? 'takes' : 'take'} effect after a restart.`;
    return { tone: 'good', text: `${done}${restart}${remarks.map((remark) => ` Note: ${remark}.`).join('')}`, refused: false };
  } catch (error) {
    const text = sentence(error);
    if (!(error instanceof CodedError) || text === undefined) throw error;
    return { tone: 'bad', text, refused: error.code === 'CHANGE_REFUSED' };
  }
}
