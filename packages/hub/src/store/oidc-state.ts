/** State of the OpenID provider: signed-in users, and its records of sessions, codes and tokens. All of it expires. */

/** A user as applications see them: the claims of the last sign-in. */
export interface OidcAccount {
  readonly subject: string;
  readonly connectionId: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly expiresAt: Date;
}

/** A record of the provider. `key` is the hash of its id: the id is a secret of a browser or an application. */
export interface OidcRecord {
  readonly kind: string;
  readonly key: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Codes and tokens of one grant are revoked together. */
  readonly grantId: string | undefined;
  /** Identifies a session in tokens. Unlike the session's id, it is not a secret. */
  readonly uid: string | undefined;
  readonly consumedAt: Date | undefined;
  readonly expiresAt: Date;
}

export interface OidcStateStore {
  /**
   * Adds it, or replaces that of the same subject. If the claims of a connection exceed its quota, the accounts that expire first are removed, so
   * that no connector can fill the disk.
   * @returns false if the connection was deleted
   */
  putOidcAccount(account: OidcAccount): Promise<boolean>;
  oidcAccount(subject: string): Promise<OidcAccount | undefined>;
  removeOidcAccount(subject: string): Promise<void>;

  /** Adds it, or replaces that of the same kind and key; a consumed one stays consumed. */
  putOidcRecord(record: OidcRecord): Promise<void>;
  oidcRecord(kind: string, key: string): Promise<OidcRecord | undefined>;
  oidcRecordByUid(kind: string, uid: string): Promise<OidcRecord | undefined>;
  /**
   * @param again allows further uses if the first was after `since`, up to `times` uses in total
   * @returns true for the first use and those that `again` allows; false if it was used before or removed
   */
  consumeOidcRecord(kind: string, key: string, at: Date, again?: { since: Date; times: number }): Promise<boolean>;
  /** The records of a grant, unordered. */
  oidcRecordsOfGrant(kind: string, grantId: string): Promise<OidcRecord[]>;
  removeOidcRecord(kind: string, key: string): Promise<void>;
  removeOidcRecordsOfGrant(kind: string, grantId: string): Promise<void>;

  /** Removes expired records and accounts, and all but the newest `keep` records of `kind`. */
  removeExpiredOidcState(now: Date, kind: string, keep: number): Promise<void>;
}
