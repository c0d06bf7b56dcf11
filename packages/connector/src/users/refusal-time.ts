/**
 * Makes a refusal without a bind take as long as one with it, so that time does not tell which names exist: a name that nobody
 * has, and an empty password, wait as long as the directory lately took to refuse a password.
 */
import { sleep } from '@landbridge/runtime';

export interface RefusalTime {
  /** A password was refused by the directory after so long. */
  measured(ms: number): void;
  /** Waits for the time of one of the last refusals, by chance. */
  imitate(signal: AbortSignal): Promise<void>;
}

/** How many refusals are remembered. */
const REMEMBERED = 64;
/** What a refusal is taken to last before one was seen: a hashed password on a local network. */
const FIRST_GUESS_MS = 3;

export function createRefusalTime(random: () => number = Math.random): RefusalTime {
  const samples: number[] = [FIRST_GUESS_MS];
  let next = 0;
  return {
    measured(ms) {
      samples[next] = ms;
      next = (next + 1) % REMEMBERED;
    },
    imitate: (signal) => sleep(samples[Math.floor(random() * samples.length)] ?? FIRST_GUESS_MS, signal),
  };
}
