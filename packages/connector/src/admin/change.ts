/** Applies changes to the connector, and reports the result as a message. */
import { CodedError } from '@landbridge/runtime';
import { type Message, sentence } from '@landbridge/web';
import type { Context } from 'hono';
import type { Applied } from '../agent/connector.ts';
import type { ConsoleContext, ConsoleEnv } from './page-context.ts';

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

/** Starts the connector, whose files are written now. @param done such as `Saved` */
export async function started(context: ConsoleContext, c: Context<ConsoleEnv>, done: string): Promise<Response> {
  try {
    await context.startConnector();
    return context.redirect(c, '/', { tone: 'good', text: `${done}. The connector is running.` });
  } catch (error) {
    const why = sentence(error) ?? 'see the log for the cause.';
    return context.redirect(c, '/setup', { tone: 'bad', text: `${done}, but the connector does not start: ${why}` });
  }
}
