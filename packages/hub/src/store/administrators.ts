/** Administrators of the hub: what they sign in with, how they are invited, and their sessions. Codes and cookies arrive as hashes. */

export interface Administrator {
  readonly id: string;
  /** Unique, whatever the case of its letters. */
  readonly name: string;
  /** Undefined: invited, and never finished. */
  readonly passwordHash: string | undefined;
  /** Base32. It has to be readable to check codes with it. */
  readonly totpSecret: string | undefined;
  readonly createdAt: Date;
  readonly lastSignInAt: Date | undefined;
}

export interface Passkey {
  /** The credential id, base64url. */
  readonly id: string;
  readonly administratorId: string;
  /** Chosen by the administrator, to tell one from another. */
  readonly name: string;
  /** COSE (RFC 9052). */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly counter: number;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
}

/** `password`: the second factor is due. `enrolling`: invited, and the second factor is to be set up. `full`: signed in. */
export type SessionStage = 'password' | 'enrolling' | 'full';

export interface AdministratorSession {
  /** Names the session in lists; it is no secret. */
  readonly id: string;
  readonly administratorId: string;
  readonly stage: SessionStage;
  /** Goes into each form of this session and has to come back with it. */
  readonly formToken: string;
  readonly remoteAddress: string | undefined;
  readonly browser: string | undefined;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
}

/** What changes about an administrator; what is absent stays, and `undefined` removes. */
export type AdministratorChanges = Partial<Pick<Administrator, 'passwordHash' | 'totpSecret' | 'lastSignInAt'>>;

export interface AdministratorStore {
  /** @returns false where the name is taken */
  addAdministrator(administrator: Administrator): Promise<boolean>;
  /** In the order of their names. */
  administrators(): Promise<Administrator[]>;
  administratorById(id: string): Promise<Administrator | undefined>;
  administratorByName(name: string): Promise<Administrator | undefined>;
  /** A new TOTP secret has no codes used. @returns false where there is no such administrator */
  changeAdministrator(id: string, changes: AdministratorChanges): Promise<boolean>;
  /** With all that is theirs. @returns false where there was none */
  removeAdministrator(id: string): Promise<boolean>;

  /** Replaces the one before. */
  putInvitation(administratorId: string, hash: string, expiresAt: Date): Promise<void>;
  /** @returns whose it is; undefined where there is none, or it is too old */
  invitationOwner(hash: string, now: Date): Promise<string | undefined>;
  removeInvitation(administratorId: string): Promise<void>;

  /** @returns false where this time step, or a later one, was used before; from then on it is */
  useTotpStep(administratorId: string, step: number): Promise<boolean>;
  replaceRecoveryCodes(administratorId: string, hashes: readonly string[]): Promise<void>;
  countRecoveryCodes(administratorId: string): Promise<number>;
  /** @returns false where there is no such code; it is gone afterwards */
  takeRecoveryCode(administratorId: string, hash: string): Promise<boolean>;

  /** @returns false where the credential is known already, whoever's it is */
  addPasskey(passkey: Passkey): Promise<boolean>;
  /** The oldest first. */
  passkeys(administratorId: string): Promise<Passkey[]>;
  passkey(id: string): Promise<Passkey | undefined>;
  usePasskey(id: string, counter: number, at: Date): Promise<void>;
  removePasskey(administratorId: string, id: string): Promise<boolean>;

  addSession(hash: string, session: AdministratorSession): Promise<void>;
  sessionByHash(hash: string): Promise<AdministratorSession | undefined>;
  /** The newest first. */
  sessions(administratorId: string): Promise<AdministratorSession[]>;
  touchSession(id: string, at: Date): Promise<void>;
  removeSession(administratorId: string, id: string): Promise<boolean>;
  /** @param exceptId stays, where it is given */
  removeSessions(administratorId: string, exceptId?: string): Promise<void>;
  /** Removes what was made, or last seen, before these times. */
  removeOldSessions(madeBefore: Date, seenBefore: Date): Promise<void>;
}
