/**
 * Makes a refusal without a bind take as long as one with a bind, so that timing does not reveal which names exist: for an unknown name or
 * an empty password, the answer waits as long as the directory recently took to refuse a password.
 */
import { sleep } from '@landbridge/runtime';

export interface RefusalTime {
  /** Records how long the directory took to refuse a password. */
  measured(ms: number): void;
  /** Waits as long as one of the last refusals took, picked at random. */
  imitate(signal: AbortSignal): Promise<void>;
  /** Like `imitate`, but the time that the refusal itself takes counts. */
  imitateDuring<T>(refusal: Promise<T>, signal: AbortSignal): Promise<T>;
}

/** How many refusals are remembered. */
const REMEMBERED = 64;
/** Used until the first refusal: a hashed password on a local network. */
const FIRST_GUESS_MS = 3;

export function createRefusalTime(random: () => number = Math.random): RefusalTime {
  const samples: number[] = [FIRST_GUESS_MS];
  let next = 0;
  const imitate = (signal: AbortSignal) => sleep(samples[Math.floor(random() * samples.length)] ?? FIRST_GUESS_MS, signal);
  return {
    measured(ms) {
      samples[next] = ms;
      next = (next + 1) % REMEMBERED;
    },
    imitate,
    async imitateDuring(refusal, signal) {
      const [made] = await Promise.all([refusal, imitate(signal)]);
      return made;
    },
  };
}
