/** Connections in the store: name, switch and settings. */
import type { ConnectionSettings } from './connection-settings.ts';

export interface Connection {
  /** Random and never reused, so that a new connection with an old name inherits nothing. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  /** Disabled: its connectors may connect, but users cannot sign in. */
  readonly enabled: boolean;
  readonly settings: ConnectionSettings;
}

/** How many connectors of a connection are known. */
export interface ConnectionCounts {
  /** Instances that are not revoked. */
  instances: number;
  /** Of these, accepted and not drained ones that were seen since the given time. Those known by their address only count once per key. */
  expected: number;
  /** Keys that wait for approval. */
  pendingKeys: number;
  /** Sign-in addresses that wait for a decision. */
  addressRequests: number;
}

export interface ConnectionStore {
  /** @returns false if the name is taken; nothing has changed then */
  addConnection(connection: Connection): Promise<boolean>;
  /** Sorted by name. */
  connections(): Promise<Connection[]>;
  /** By connection id, for every connection. @param seenSince for `expected` */
  connectionCounts(seenSince: Date): Promise<Map<string, ConnectionCounts>>;
  connectionById(id: string): Promise<Connection | undefined>;
  connectionByName(name: string): Promise<Connection | undefined>;
  /**
   * Replaces switch and settings.
   * @returns `not_found` if there is no such connection, `domain_taken` if an e-mail domain belongs to another one; nothing has changed then
   */
  updateConnection(id: string, changes: Pick<Connection, 'enabled' | 'settings'>): Promise<'updated' | 'domain_taken' | 'not_found'>;
  /** Also removes its tickets, certificates, codes and cached credentials. @returns false if there is no such connection */
  removeConnection(name: string): Promise<boolean>;
}
