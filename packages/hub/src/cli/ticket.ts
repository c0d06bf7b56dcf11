/** `landbridge-hub ticket renew|revoke`. */
import { Command } from 'commander';
import type { Surroundings } from './program.ts';

export function ticketCommand({ withHome, print, note }: Surroundings): Command {
  return new Command('ticket')
    .description('tickets: the secret URL with which connectors join a connection')
    .addCommand(
      new Command('renew')
        .description('make a new ticket; the old one is dead, registered connectors stay')
        .argument('<connection>')
        .action((connection: string) =>
          withHome(async ({ store, publicUrl }) => {
            const [{ installCommands, renewTicket, ticketUrl }, { commandLineOperator }] = await Promise.all([
              import('../tickets/tickets.ts'),
              import('./operator.ts'),
            ]);
            const url = await publicUrl();
            const ticket = await renewTicket(commandLineOperator(store), connection);
            note(`The new ticket of "${connection}", shown only now; the old one is dead:`);
            print(ticketUrl(url, ticket));
            note(`On the machine beside the directory:\n${installCommands(ticketUrl(url, ticket)).shell}`);
          }),
        ),
    )
    .addCommand(
      new Command('revoke')
        .description('from now on no connector can be added; registered connectors stay')
        .argument('<connection>')
        .action((connection: string) =>
          withHome(async ({ store }) => {
            const [{ revokeTicket }, { commandLineOperator }] = await Promise.all([
              import('../tickets/tickets.ts'),
              import('./operator.ts'),
            ]);
            await revokeTicket(commandLineOperator(store), connection);
            note(`The connection "${connection}" has no ticket any more. A new one: landbridge-hub ticket renew ${connection}`);
          }),
        ),
    );
}
