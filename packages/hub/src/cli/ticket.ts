/** `landbridge-hub ticket renew|revoke`. */
import type { Command } from 'commander';
import type { HubCommandContext } from './context.ts';
import { createGroup } from './group.ts';

export function ticketCommand(context: HubCommandContext): Command {
  const { print, note } = context;
  const { group, addConfirmed } = createGroup(context, 'ticket', 'manage tickets, the secret URLs with which connectors enrol');

  addConfirmed(
    'renew',
    'revoke all tickets of a connection and issue a new one; registered connectors stay',
    (connection: string) =>
      `Revoke all tickets of "${connection}" and issue a new one? Connectors can no longer enrol with the earlier ones.`,
    async ({ operator, publicUrl }, connection) => {
      const { installCommands, renewTicket, ticketUrl, ticketWarning } = await import('../tickets/tickets.ts');
      const url = await publicUrl();
      const ticket = await renewTicket(operator, connection);
      note(`New ticket for "${connection}". Earlier ones are invalid. This one is shown only once:`);
      print(ticketUrl(url, ticket));
      note(`On the machine next to the directory:\n${installCommands(ticketUrl(url, ticket)).shell}`);
      const warning = ticketWarning(url);
      if (warning !== undefined) note(warning);
    },
  ).argument('<connection>');
  addConfirmed(
    'revoke',
    'stop connectors from enrolling; registered connectors stay',
    (connection: string) => `Revoke all tickets of "${connection}"? Connectors can no longer enrol with them.`,
    async ({ operator }, connection) => {
      const { revokeTickets } = await import('../tickets/tickets.ts');
      await revokeTickets(operator, connection);
      note(`Tickets of "${connection}" revoked. To issue a new one: landbridge-hub connector add ${connection}`);
    },
  ).argument('<connection>');
  return group;
}
