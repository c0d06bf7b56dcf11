/** The counted attempts of one user: recent wrong passwords, the password being tried, and when the next attempt is admitted. */
import type { Failure } from '@landbridge/protocol';

export interface UserLimits {
  /** Wrong passwords within the window; 0: no limit. */
  attempts: number;
  windowMs: number;
  /** The wait after the third wrong password, four times as long after each further one. 0: no wait. */
  firstWaitMs: number;
  /** How long a wrong password is rejected again without asking; 0: the directory is always asked. */
  repeatMs: number;
}

interface FailedAttempt {
  /** A keyed hash of the password, only good for comparing. */
  readonly fingerprint: string;
  /** The key of the typed name. */
  readonly typed: string;
  readonly atMs: number;
  /** False if no answer came, though the directory may have counted it. Such a password may be tried again, and counts once. */
  readonly certain: boolean;
}

export interface UserAttempts {
  /** Within the window, the oldest first. */
  attempts: FailedAttempt[];
  /** The password at the directory now. Only one at a time: otherwise many could pass the limit together. Ends with a failure, or none. */
  trying: { fingerprint: string; ended: Promise<Failure | undefined> } | undefined;
  /** Passwords that were just right, with their requests in flight; removed with the last of these. */
  readonly proven: Map<string, number>;
  /** Attempts with other passwords than `trying`. */
  waiting: number;
  /** Of several users, for whom there was no room: a success of one clears nothing. */
  readonly shared: boolean;
}

/** Two typing errors in a row are common. */
const ATTEMPTS_WITHOUT_WAIT = 2;
const WAIT_FACTOR = 4;
/** Kept even without a limit, to recognise a repeated wrong password. */
const MIN_KEPT = 100;

export function newUserAttempts(shared: boolean): UserAttempts {
  return { attempts: [], trying: undefined, proven: new Map(), waiting: 0, shared };
}

/** @returns whether there is something to remember of this user */
export function isInUse({ attempts, trying, proven, waiting }: UserAttempts, { windowMs }: UserLimits, nowMs: number): boolean {
  return trying !== undefined || waiting > 0 || proven.size > 0 || (attempts.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) > nowMs - windowMs;
}

/** Drops attempts that have left the window. @returns milliseconds until the next attempt is admitted; 0: now */
export function waitOf(user: UserAttempts, limits: UserLimits, nowMs: number): number {
  user.attempts = user.attempts.filter(({ atMs }) => atMs > nowMs - limits.windowMs).slice(-Math.max(limits.attempts, MIN_KEPT));
  const { length } = user.attempts;
  if (limits.attempts === 0) return 0;
  const full = user.attempts[length - limits.attempts];
  const untilWindow = length >= limits.attempts && full !== undefined ? full.atMs + limits.windowMs - nowMs : 0;
  const steps = length - ATTEMPTS_WITHOUT_WAIT - 1;
  const newest = user.attempts.at(-1);
  const growing =
    steps < 0 || limits.firstWaitMs === 0 || newest === undefined ? 0 : newest.atMs + limits.firstWaitMs * WAIT_FACTOR ** steps - nowMs;
  return Math.max(0, untilWindow, Math.min(growing, limits.windowMs));
}

/** @returns whether this password is known to be wrong, so that asking again would only count again */
export function isKnownWrong(user: UserAttempts, fingerprint: string, limits: UserLimits, nowMs: number): boolean {
  return user.attempts.some((attempt) => attempt.certain && attempt.fingerprint === fingerprint && attempt.atMs > nowMs - limits.repeatMs);
}

/** Counts a wrong password, or one without an answer: that counts once, however often it is tried. */
export function count(user: UserAttempts, attempt: FailedAttempt): void {
  const before = user.attempts.find(({ fingerprint, certain }) => fingerprint === attempt.fingerprint && !certain);
  if (before !== undefined && !attempt.certain) return;
  // The answer has come now, and replaces the missing one.
  user.attempts = [...user.attempts.filter((other) => other !== before), attempt];
}
