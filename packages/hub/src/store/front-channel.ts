/** What the front channel remembers, for minutes: who was sent to a connector or came back from one, and which assertions were used. */

export interface FrontChannelSignIn {
  /** Of the OpenID provider; each has one of these at most. */
  readonly interaction: string;
  readonly connectionId: string;
  /** Hash of what has to be shown to go on. */
  readonly secretHash: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly expiresAt: Date;
}

export interface FrontChannelStore {
  /** Adds, or replaces that of the same interaction. @returns false where the connection is gone */
  putFrontChannelSignIn(signIn: FrontChannelSignIn): Promise<boolean>;
  /** Removes it. @returns it, once; undefined where the secret is another, or its time is over */
  takeFrontChannelSignIn(interaction: string, secretHash: string, now: Date): Promise<FrontChannelSignIn | undefined>;
  /** @returns true once for each hash of a connection; false also where the connection is gone */
  markAssertionUsed(connectionId: string, hash: string, expiresAt: Date): Promise<boolean>;
  removeExpiredFrontChannelState(now: Date): Promise<void>;
}
