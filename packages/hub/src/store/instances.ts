/**
 * Connector instances: programs that proved that they hold a registered key. Instances that share a key are told apart by the ID that each
 * generated for itself, or else by address.
 */

export interface StoredInstance {
  /** Random, from the hub: names the instance everywhere. */
  readonly id: string;
  readonly connectionId: string;
  /** Of the certificate whose key it has. */
  readonly thumbprint: string;
  /** Unique per certificate. */
  readonly identity: string;
  readonly hostName: string | undefined;
  readonly version: string | undefined;
  readonly remoteAddress: string;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  /** By an operator: it gets no new requests, across reconnections too. */
  readonly drained: boolean;
  /** By an operator: it is rejected. */
  readonly revoked: boolean;
  /** By an operator, for lists; empty if there is none. */
  readonly label: string;
}

/** An instance as it authenticates. `id` is used if the identity is new. */
export type SeenInstance = Omit<StoredInstance, 'firstSeenAt' | 'lastSeenAt' | 'drained' | 'revoked' | 'label'> & { at: Date };

export interface InstanceStore {
  /**
   * Finds the instance with this identity and updates it, or adds it. If `limit` others have the same certificate, the one seen longest ago
   * is removed; drained or revoked ones stay, or the operator's action would be lost.
   * @returns undefined if none can be removed, or if there is no such certificate
   */
  seeInstance(seen: SeenInstance, limit: number): Promise<StoredInstance | undefined>;
  /** First seen first. */
  instances(connectionId: string): Promise<StoredInstance[]>;
  /** The addresses that accepted instances were last seen at, since then. */
  acceptedAddresses(since: Date): Promise<string[]>;
  /** @returns false if the connection has no such instance */
  setInstance(connectionId: string, id: string, changes: { drained?: boolean; revoked?: boolean; label?: string }): Promise<boolean>;
  /** Stores when they were last seen. */
  touchInstances(ids: readonly string[], at: Date): Promise<void>;
  /**
   * The given instances that may not get requests, by id. `not_found`: unknown. `refused`: it or its certificate is not, or no longer, accepted.
   */
  exceptionalInstances(ids: readonly string[]): Promise<Map<string, 'not_found' | 'refused' | 'drained'>>;
}
