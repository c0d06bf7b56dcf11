/**
 * Connector instances: the programs that proved to have a registered key. Several may share one key; they are told apart by the id
 * that each one made for itself or, where it names none, by its address.
 */

export interface StoredInstance {
  /** Made by the hub, random: names the instance everywhere. */
  readonly id: string;
  readonly connectionId: string;
  /** Of the certificate whose key it has. */
  readonly thumbprint: string;
  /** What tells it apart from others with the same certificate. */
  readonly identity: string;
  readonly hostName: string | undefined;
  readonly version: string | undefined;
  readonly remoteAddress: string;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  /** An operator wants it to be asked nothing new, over reconnections too. */
  readonly drained: boolean;
  /** An operator wants it to be refused. */
  readonly revoked: boolean;
}

/** What was seen at the other end of a socket. `id` is taken where the identity is new. */
export type SeenInstance = Omit<StoredInstance, 'firstSeenAt' | 'lastSeenAt' | 'drained' | 'revoked'> & { at: Date };

export interface InstanceStore {
  /**
   * Finds the instance of this identity and brings it up to date, or adds it. Where `limit` others have the same certificate, the
   * one that was seen longest ago goes; those that are drained or revoked stay, or the decision would be forgotten.
   * @returns undefined where none of them may go, or where there is no such certificate
   */
  seeInstance(seen: SeenInstance, limit: number): Promise<StoredInstance | undefined>;
  /** In the order in which they were first seen. */
  instances(connectionId: string): Promise<StoredInstance[]>;
  /** @returns false where the connection has no such instance */
  setInstance(connectionId: string, id: string, changes: { drained?: boolean; revoked?: boolean }): Promise<boolean>;
  /** They were seen at that time. */
  touchInstances(ids: readonly string[], at: Date): Promise<void>;
  /**
   * Those of the given instances that are not simply to be asked, by id. `gone`: there is none. `refused`: it, or its certificate, is
   * not (or no longer) accepted.
   */
  exceptionalInstances(ids: readonly string[]): Promise<Map<string, 'gone' | 'refused' | 'drained'>>;
}
