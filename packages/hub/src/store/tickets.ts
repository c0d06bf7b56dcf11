/** Tickets of connections. Several may be valid: an Auth0 connector reads its own at each start. */

export interface StoredTicket {
  /** Of the whole ticket. */
  readonly hash: string;
  readonly connectionId: string;
  /** From the ticket's secret; recognises what a connector computes with it. Undefined after the hub's key was lost. */
  readonly enrolmentKey: string | undefined;
  readonly issuedAt: Date;
  /** When it enrolled a connector: it enrols one without approval. */
  readonly usedAt: Date | undefined;
}

export interface TicketStore {
  /** @returns false if there is no such connection */
  addTicket(ticket: StoredTicket): Promise<boolean>;
  ticketByHash(hash: string): Promise<StoredTicket | undefined>;
  /** The newest first. */
  tickets(connectionId: string): Promise<StoredTicket[]>;
  /** @returns false if there is no such connection */
  removeTickets(connectionId: string): Promise<boolean>;
}
