/** `landbridge-hub ticket renew|revoke`. */
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

export function ticketCommand({ withHome, print, note }: HubCommandContext): Command {
  return new Command('ticket')
    .description('manage tickets, the secret URLs with which connectors enrol')
    .addCommand(
      new Command('renew')
        .description('replace the ticket of a connection; registered connectors stay')
        .argument('<connection>')
        .action((connection: string) =>
          withHome(async ({ operator, publicUrl }) => {
            const { installCommands, renewTicket, ticketUrl } = await import('../tickets/tickets.ts');
            const url = await publicUrl();
            const ticket = await renewTicket(operator, connection);
            note(`New ticket for "${connection}". The old one is invalid, and this one is not shown again:`);
            print(ticketUrl(url, ticket));
            note(`On the machine next to the directory:\n${installCommands(ticketUrl(url, ticket)).shell}`);
          }),
        ),
    )
    .addCommand(
      new Command('revoke')
        .description('stop connectors from enrolling; registered connectors stay')
        .argument('<connection>')
        .action((connection: string) =>
          withHome(async ({ operator }) => {
            const { revokeTicket } = await import('../tickets/tickets.ts');
            await revokeTicket(operator, connection);
            note(`Ticket of "${connection}" revoked. To create a new one: landbridge-hub ticket renew ${connection}`);
          }),
        ),
    );
}
