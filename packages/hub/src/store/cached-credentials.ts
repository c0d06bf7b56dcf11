/** Cached credentials: for each person of a connection the last good sign-in, sealed by the password, and the names it was typed with. */

export interface CachedCredential {
  readonly connectionId: string;
  /** The directory's own id of the person. */
  readonly userId: string;
  readonly salt: Uint8Array;
  /** The profile, encrypted with what argon2id makes of password and salt; see `credentials/seal.ts`. */
  readonly sealed: Uint8Array;
  /** The last time that the directory took this password. */
  readonly verifiedAt: Date;
}

/** Names arrive here as hashes, all of one length. */
export interface CachedCredentialStore {
  /**
   * Replaces what there is for this person, and adds the name; of more than `maxNames` names the oldest go. A name leads to one person.
   * @returns false where the connection is gone, switched off, or has no credential cache; nothing is kept then
   */
  putCachedCredential(credential: CachedCredential, nameHash: string, maxNames: number): Promise<boolean>;
  cachedCredential(connectionId: string, nameHash: string): Promise<CachedCredential | undefined>;
  /** Removes a person, found by name or by id. @returns whether there was one */
  removeCachedCredential(connectionId: string, person: { nameHash: string } | { userId: string }): Promise<boolean>;
  /** Removes what was verified before that time. Switching a connection or its cache off removes all that is its own. @returns how many */
  removeCachedCredentialsBefore(time: Date): Promise<number>;
}
