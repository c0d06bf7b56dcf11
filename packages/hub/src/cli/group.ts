/** A command with subcommands, which open the home while they run. Those that remove something ask first. */
import { requireConfirmation, YES_OPTION } from '@landbridge/runtime';
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
    /** Like `add`, but asks first unless `--yes` is given. @param question what happens, from the arguments; undefined: nothing to ask */
    addConfirmed<A extends unknown[]>(
      name: string,
      description: string,
      question: (...args: A) => string | undefined,
      run: (home: Home, ...args: A) => Promise<void>,
    ): Command {
      const command = add(name, description, async (home, ...args: A) => {
        const asked = command.opts<{ yes?: true }>().yes === true ? undefined : question(...args);
        if (asked !== undefined) await requireConfirmation(asked);
        await run(home, ...args);
      });
      return command.option(...YES_OPTION);
    },
  };
}
