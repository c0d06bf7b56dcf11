/** Tickets in SQLite. */
import type { TicketStore } from '../tickets.ts';
import { column, type Sql, tableOf } from './sql.ts';

const TICKETS = tableOf(
  'tickets',
  {
    hash: column.text,
    connectionId: column.text,
    enrolmentKey: column.optionalText,
    issuedAt: column.date,
    usedAt: column.optionalDate,
  },
  { fields: ['enrolmentKey'], by: ['hash'], ifLost: 'clear' },
);

export function ticketStore({ all, one, change, insert }: Sql): TicketStore {
  return {
    addTicket: async (ticket) => insert(TICKETS, ticket, 'FROM connections WHERE id = $connectionId'),
    ticketByHash: async (hash) => one(TICKETS, 'WHERE hash = ?', hash),
    tickets: async (connectionId) => all(TICKETS, 'WHERE connection_id = ? ORDER BY issued_at DESC, hash', connectionId),
    async removeTickets(connectionId) {
      change('DELETE FROM tickets WHERE connection_id = ?', connectionId);
      return change('UPDATE connections SET id = id WHERE id = ?', connectionId) === 1;
    },
  };
}
