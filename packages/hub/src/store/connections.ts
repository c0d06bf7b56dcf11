/** Connections as they are kept: name, whether they are switched on, settings, and the hash of the ticket. */

/** What an operator sets for one connection. Absent values were never set; `connections/settings.ts` knows the defaults. */
export interface ConnectionSettings {
  /** What people read on the login page; the name without it. */
  readonly displayName: string | undefined;
  /** Front-channel sign-in by ticket or client certificate, for people whose address lies in `ipRanges` (CIDR). */
  readonly kerberos: boolean;
  readonly certAuth: boolean;
  readonly ipRanges: readonly string[];
  /** Whether the last good sign-in of a person may be used while no connector and no directory answers. */
  readonly credentialCache: boolean;
  /** Lower case. People whose e-mail address ends in one of these are led to this connection. */
  readonly emailDomains: readonly string[];
  /** Whether a connector that registers with a new key has to be approved by an operator before it is asked. */
  readonly approveConnectors: boolean;
}

export interface Connection {
  /** Random and never used again, so that a new connection of an old name inherits nothing. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  /** Switched off: its connectors may connect, and nobody signs in. */
  readonly enabled: boolean;
  /** Undefined: it has no ticket, and no connector can be added. */
  readonly ticketIssuedAt: Date | undefined;
  readonly settings: ConnectionSettings;
}

export interface ConnectionStore {
  /** @returns false where the name is taken; nothing has changed then */
  addConnection(connection: Connection, ticketHash: string): Promise<boolean>;
  /** In the order of their names. */
  connections(): Promise<Connection[]>;
  connectionById(id: string): Promise<Connection | undefined>;
  connectionByName(name: string): Promise<Connection | undefined>;
  connectionByTicket(ticketHash: string): Promise<Connection | undefined>;
  /**
   * Replaces switch and settings.
   * @returns `gone` where there is no such connection, `domain_taken` where an e-mail domain leads to another one already; nothing
   *   has changed then
   */
  updateConnection(id: string, changes: Pick<Connection, 'enabled' | 'settings'>): Promise<'updated' | 'domain_taken' | 'gone'>;
  /** From then on only the new ticket is known; undefined: none. @returns false where there is no such connection */
  replaceTicket(connectionId: string, ticket: { hash: string; issuedAt: Date } | undefined): Promise<boolean>;
  /** With its ticket, certificates, codes and cached credentials. @returns false where there was none */
  removeConnection(name: string): Promise<boolean>;
}
