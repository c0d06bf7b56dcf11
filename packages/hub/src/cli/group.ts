/** A command with subcommands, which open the home while they run. Those that remove something ask first. */
import { createInterface } from 'node:readline/promises';
import { CodedError, printable } from '@landbridge/runtime';
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

type Home = Parameters<Parameters<HubCommandContext['withHome']>[0]>[0];

export function createGroup({ withHome }: HubCommandContext, name: string, description: string) {
  const group = new Command(name).description(description);
  function add<A extends unknown[]>(name: string, description: string, run: (home: Home, ...args: A) => Promise<void>): Command {
    const command = new Command(name).description(description).action((...args: A) => withHome((home) => run(home, ...args)));
    group.addCommand(command);
    return command;
  }
  return {
    group,
    /** Adds a subcommand. @param run gets its arguments, and the options after them */
    add,
    /** Like `add`, but asks first unless `--yes` is given. @param question what happens, from the arguments */
    addConfirmed<A extends unknown[]>(
      name: string,
      description: string,
      question: (...args: A) => string,
      run: (home: Home, ...args: A) => Promise<void>,
    ): Command {
      const command = add(name, description, async (home, ...args: A) => {
        if (command.opts<{ yes?: true }>().yes !== true) await confirm(question(...args));
        await run(home, ...args);
      });
      return command.option('--yes', 'do not ask');
    },
  };
}

/** @throws CodedError NOT_CONFIRMED, also if there is no terminal to ask */
async function confirm(question: string): Promise<void> {
  if (process.stdin.isTTY && process.stderr.isTTY) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await lines.question(`${printable(question)} [y/N] `).finally(() => lines.close());
    if (/^y(?:es)?$/i.test(answer.trim())) return;
  }
  throw new CodedError('NOT_CONFIRMED', 'Nothing was changed', { action: 'Run the command in a terminal and answer "y", or add --yes.' });
}
