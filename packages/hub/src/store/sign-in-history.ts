/** How many sign-ins there were in each minute and hour, with results and times. For charts that survive a restart. */

export interface SignInPeriod {
  /** The connection's name; empty for all of them together. */
  readonly connection: string;
  readonly minutes: 1 | 60;
  readonly began: Date;
  /** By result. */
  readonly results: Readonly<Record<string, number>>;
  /** How many took up to each bound; see `dashboard/activity.ts`. */
  readonly latencies: readonly number[];
}

export interface SignInHistoryStore {
  /** Replaces periods with the same connection, length and beginning. */
  putSignInPeriods(periods: readonly SignInPeriod[]): Promise<void>;
  /** The oldest first. @param connection undefined: all of them, each on its own */
  signInPeriods(minutes: 1 | 60, since: Date, connection?: string): Promise<SignInPeriod[]>;
  /** Removes what is older, and the periods of deleted connections. */
  pruneSignInPeriods(before: { minutes: Date; minutesOfConnections: Date; hours: Date }): Promise<void>;
}
