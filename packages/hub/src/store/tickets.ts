/** Tickets of connections. Several may be valid at once: an Auth0 connector reads its own at each start. */

export interface StoredTicket {
  /** The hash of the whole ticket. */
  readonly hash: string;
  readonly connectionId: string;
  /** Derived from the ticket's secret. Verifies proofs that connectors compute with it. Undefined after the hub's key was lost. */
  readonly enrolmentKey: string | undefined;
  readonly issuedAt: Date;
  /** When it enrolled a connector. A ticket enrols one without approval. */
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
