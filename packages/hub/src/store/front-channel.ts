/** State of the front channel, for minutes: browsers sent to a connector or back from one, and used assertions. */

export interface FrontChannelSignIn {
  /** Of the OpenID provider; it has one sign-in at most. */
  readonly interaction: string;
  readonly connectionId: string;
  /** Of the secret required to continue. */
  readonly secretHash: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly expiresAt: Date;
}

export interface FrontChannelStore {
  /** Adds it, or replaces that of the same interaction. @returns false if the connection was deleted */
  putFrontChannelSignIn(signIn: FrontChannelSignIn): Promise<boolean>;
  /** Removes and returns it; undefined if the secret is wrong or it has expired. */
  takeFrontChannelSignIn(interaction: string, secretHash: string, now: Date): Promise<FrontChannelSignIn | undefined>;
  /** @returns true once per hash and connection; false also if the connection was deleted */
  markAssertionUsed(connectionId: string, hash: string, expiresAt: Date): Promise<boolean>;
  removeExpiredFrontChannelState(now: Date): Promise<void>;
}
