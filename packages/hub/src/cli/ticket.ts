/** `landbridge-hub ticket renew`. */
import { Command } from 'commander';
import type { Surroundings } from './program.ts';

export function ticketCommand({ withHome, print, note }: Surroundings): Command {
  return new Command('ticket').description('tickets: the secret URL with which connectors join a connection').addCommand(
    new Command('renew')
      .description('make a new ticket; the old one is dead, registered connectors stay')
      .argument('<connection>')
      .action((connection: string) =>
        withHome(async ({ store, publicUrl }) => {
          const { renewTicket, ticketUrl } = await import('../tickets/tickets.ts');
          const url = await publicUrl();
          const ticket = await renewTicket(store, connection);
          note(`The new ticket of "${connection}", shown only now; the old one is dead:`);
          print(ticketUrl(url, ticket));
        }),
      ),
  );
}
