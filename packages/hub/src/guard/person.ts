/** The attempts of one person that count: which passwords were wrong lately, what is being tried, and when the next may be. */

export interface PersonLimits {
  /** Wrong passwords within the window; 0: no limit. */
  attempts: number;
  windowMs: number;
  /** The wait after the third wrong password, four times as long after each further one. 0: none. */
  firstWaitMs: number;
  /** How long a password that was wrong is answered as wrong without asking; 0: it is always asked. */
  repeatMs: number;
}

/** One password that was not right. */
export interface Attempt {
  /** A keyed hash: tells whether a password is the same, and nothing else. */
  readonly fingerprint: string;
  /** The name it was typed with, folded. */
  readonly typed: string;
  readonly atMs: number;
  /** False where no answer came: the directory may have counted it. Such a password may be tried again, and is counted once. */
  readonly certain: boolean;
}

export interface Person<T> {
  /** Within the window, the oldest first. */
  attempts: Attempt[];
  /** The password that is at the directory now. Only one at a time is: else many could pass the limit together. */
  trying: { fingerprint: string; ended: Promise<Ending<T>> } | undefined;
  /** Passwords that were right a moment ago, with how many requests with them are under way; forgotten with the last of these. */
  readonly proven: Map<string, number>;
  waiting: number;
}

/** How a first attempt ended, for those with the same password that waited for it. */
export type Ending<T> = { right: true } | { right: false; answer: T };

/** Waits begin here: two typing errors in a row are usual. */
const ATTEMPTS_WITHOUT_WAIT = 2;
const WAIT_FACTOR = 4;
/** Without a limit this many are kept, so that repeated ones are known. */
const MIN_KEPT = 100;

export function newPerson<T>(): Person<T> {
  return { attempts: [], trying: undefined, proven: new Map(), waiting: 0 };
}

/** @returns how long nothing may be tried, in milliseconds; 0: at once. What has left the window is forgotten here. */
export function waitOf(person: Person<unknown>, limits: PersonLimits, nowMs: number): number {
  person.attempts = person.attempts.filter(({ atMs }) => atMs > nowMs - limits.windowMs).slice(-Math.max(limits.attempts, MIN_KEPT));
  const { length } = person.attempts;
  if (limits.attempts === 0) return 0;
  const full = person.attempts[length - limits.attempts];
  const untilWindow = length >= limits.attempts && full !== undefined ? full.atMs + limits.windowMs - nowMs : 0;
  const steps = length - ATTEMPTS_WITHOUT_WAIT - 1;
  const newest = person.attempts.at(-1);
  const growing =
    steps < 0 || limits.firstWaitMs === 0 || newest === undefined ? 0 : newest.atMs + limits.firstWaitMs * WAIT_FACTOR ** steps - nowMs;
  return Math.max(0, untilWindow, Math.min(growing, limits.windowMs));
}

/** @returns whether this password is known to be wrong, so that asking again would only count again */
export function isKnownWrong(person: Person<unknown>, fingerprint: string, limits: PersonLimits, nowMs: number): boolean {
  return person.attempts.some(
    (attempt) => attempt.certain && attempt.fingerprint === fingerprint && attempt.atMs > nowMs - limits.repeatMs,
  );
}

/** Counts a wrong password, or one without an answer, which is counted once however often it is tried. */
export function count(person: Person<unknown>, attempt: Attempt): void {
  const before = person.attempts.find(({ fingerprint, certain }) => fingerprint === attempt.fingerprint && !certain);
  if (before !== undefined && !attempt.certain) return;
  // The answer has come now: it takes the place of the missing one.
  person.attempts = [...person.attempts.filter((other) => other !== before), attempt];
}
