/** The hub's administrators: their credentials, invitations and sessions. Codes and cookies are stored as hashes. */

/** The most powerful role first. */
export const ADMINISTRATOR_ROLES = ['owner', 'operator', 'read-only'] as const;
export type AdministratorRole = (typeof ADMINISTRATOR_ROLES)[number];

/** A user of an external OpenID provider. Only issuer and subject together are unique (OpenID Connect Core, section 2). */
export interface ProviderIdentity {
  readonly issuer: string;
  readonly subject: string;
}

export interface Administrator {
  readonly id: string;
  /** Unique regardless of case. */
  readonly name: string;
  /** Undefined: the invitation is open. */
  readonly passwordHash: string | undefined;
  /** Base32, not a hash: it is needed to check codes. */
  readonly totpSecret: string | undefined;
  readonly role: AdministratorRole;
  /** The provider's user who may sign in as this administrator: both fields or neither. */
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
  /** The provider's claims created this administrator and set the role at each sign-in. */
  readonly roleFromClaims: boolean;
  readonly createdAt: Date;
  readonly lastSignInAt: Date | undefined;
}

export interface Passkey {
  /** The credential id, base64url. */
  readonly id: string;
  readonly administratorId: string;
  /** Chosen by the administrator. */
  readonly name: string;
  /** COSE (RFC 9052). */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly counter: number;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
}

/** `password`: the second factor is due. `enrolling`: invited, the second factor is not set up yet. `full`: signed in. */
export type SessionStage = 'password' | 'enrolling' | 'full';

export interface AdministratorSession {
  /** Names the session in lists; not a secret. */
  readonly id: string;
  readonly administratorId: string;
  readonly stage: SessionStage;
  /** In every form of this session, against forged requests. */
  readonly formToken: string;
  readonly remoteAddress: string | undefined;
  readonly browser: string | undefined;
  /** When the administrator last authenticated with password and second factor, or at the provider. */
  readonly authenticatedAt: Date;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
}

/** Absent fields stay; `undefined` removes a field. */
type AdministratorChanges = Partial<Pick<Administrator, 'passwordHash' | 'totpSecret' | 'lastSignInAt'>>;

export interface AdministratorStore {
  /** @returns false if the name or the provider's user is taken */
  addAdministrator(administrator: Administrator): Promise<boolean>;
  /** Sorted by name. */
  administrators(): Promise<Administrator[]>;
  administratorById(id: string): Promise<Administrator | undefined>;
  administratorByName(name: string): Promise<Administrator | undefined>;
  administratorByIdentity(identity: ProviderIdentity): Promise<Administrator | undefined>;
  /** A new TOTP secret resets its used codes. @returns false if there is no such administrator */
  changeAdministrator(id: string, changes: AdministratorChanges): Promise<boolean>;
  /** @returns false without a change if no other owner could sign in with this hub's own password or passkey */
  changeRole(id: string, role: AdministratorRole): Promise<boolean>;
  /** @param identity undefined removes the binding. @returns false if another administrator has this user */
  bindIdentity(id: string, identity: ProviderIdentity | undefined): Promise<boolean>;
  /** Also removes their credentials and sessions. @returns as `changeRole`; also false if the administrator does not exist */
  removeAdministrator(id: string): Promise<boolean>;

  /** Replaces an earlier invitation. */
  putInvitation(administratorId: string, hash: string, expiresAt: Date): Promise<void>;
  /** @returns the administrator's id; undefined if it is unknown or expired */
  invitationOwner(hash: string, now: Date): Promise<string | undefined>;
  removeInvitation(administratorId: string): Promise<void>;

  /** Marks it as used. @returns false if this time step or a later one was used before */
  useTotpStep(administratorId: string, step: number): Promise<boolean>;
  replaceRecoveryCodes(administratorId: string, hashes: readonly string[]): Promise<void>;
  countRecoveryCodes(administratorId: string): Promise<number>;
  /** Removes the code. @returns false if it is unknown */
  takeRecoveryCode(administratorId: string, hash: string): Promise<boolean>;

  /** @returns false if any administrator has this credential already */
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
  /** Records that the administrator authenticated again. */
  confirmSession(id: string, at: Date): Promise<void>;
  removeSession(administratorId: string, id: string): Promise<boolean>;
  /** @param exceptId stays */
  removeSessions(administratorId: string, exceptId?: string): Promise<void>;
  /** Removes sessions created, or last seen, before these times. */
  removeOldSessions(madeBefore: Date, seenBefore: Date): Promise<void>;
}
