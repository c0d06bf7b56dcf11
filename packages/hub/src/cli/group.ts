/** A command with subcommands, which open the home while they run. */
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

type Home = Parameters<Parameters<HubCommandContext['withHome']>[0]>[0];

export function createGroup({ withHome }: HubCommandContext, name: string, description: string) {
  const group = new Command(name).description(description);
  return {
    group,
    /** Adds a subcommand. @param run gets its arguments, and the options after them */
    add<A extends unknown[]>(name: string, description: string, run: (home: Home, ...args: A) => Promise<void>): Command {
      const command = new Command(name).description(description).action((...args: A) => withHome((home) => run(home, ...args)));
      group.addCommand(command);
      return command;
    },
  };
}
