/** What the OpenID provider remembers: who signed in, and its own records of sessions, codes and tokens. All of it ends by itself. */

/** A person as an application sees them: what the directory said at the last sign-in, already as claims. */
export interface OidcAccount {
  readonly subject: string;
  readonly connectionId: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly expiresAt: Date;
}

/** A record of the provider's. `key` is the hash of its id: the id is a secret that a browser or an application holds. */
export interface OidcRecord {
  readonly kind: string;
  readonly key: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Codes and tokens of one grant are revoked together. */
  readonly grantId: string | undefined;
  /** Names a session in tokens; unlike its id it is no secret. */
  readonly uid: string | undefined;
  readonly consumedAt: Date | undefined;
  readonly expiresAt: Date;
}

export interface OidcStateStore {
  /** Adds, or replaces that of the same subject. @returns false where the connection is gone */
  putOidcAccount(account: OidcAccount): Promise<boolean>;
  oidcAccount(subject: string): Promise<OidcAccount | undefined>;
  removeOidcAccount(subject: string): Promise<void>;

  /** Adds, or replaces that of the same kind and key, which stays consumed if it was. */
  putOidcRecord(record: OidcRecord): Promise<void>;
  oidcRecord(kind: string, key: string): Promise<OidcRecord | undefined>;
  oidcRecordByUid(kind: string, uid: string): Promise<OidcRecord | undefined>;
  /** @returns true once; false where it was consumed before, or is gone */
  consumeOidcRecord(kind: string, key: string, at: Date): Promise<boolean>;
  removeOidcRecord(kind: string, key: string): Promise<void>;
  removeOidcRecordsOfGrant(kind: string, grantId: string): Promise<void>;

  /** Records and accounts whose time is over, and of records of `kind` all but the newest `keep`. */
  removeExpiredOidcState(now: Date, kind: string, keep: number): Promise<void>;
}
