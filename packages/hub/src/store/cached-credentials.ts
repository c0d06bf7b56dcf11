/** Cached credentials: each user's last successful sign-in, sealed with the password, and the names it was typed with. */

export interface CachedCredential {
  readonly connectionId: string;
  /** The directory's own id of the user. */
  readonly userId: string;
  readonly salt: Uint8Array;
  /** The profile, encrypted with a key from argon2id; see `credentials/seal.ts`. */
  readonly sealed: Uint8Array;
  /** When the directory last accepted this password. */
  readonly verifiedAt: Date;
}

/** Names are hashes of one length. */
export interface CachedCredentialStore {
  /**
   * Replaces the user's entry and adds the name; beyond `maxNames` names the oldest are removed. A name belongs to one user.
   * @returns false if the connection was deleted, is disabled, or has no credential cache; nothing is stored then
   */
  putCachedCredential(credential: CachedCredential, nameHash: string, maxNames: number): Promise<boolean>;
  cachedCredential(connectionId: string, nameHash: string): Promise<CachedCredential | undefined>;
  /** Users with greater ids, ordered by id. */
  cachedCredentialUsers(connectionId: string, after: string, limit: number): Promise<{ userId: string; verifiedAt: Date }[]>;
  /** Removes a user by name or id. @returns whether there was one */
  removeCachedCredential(connectionId: string, user: { nameHash: string } | { userId: string }): Promise<boolean>;
  /** Removes entries verified before that time. Disabling a connection or its cache removes all its entries. @returns how many */
  removeCachedCredentialsBefore(time: Date): Promise<number>;
}
