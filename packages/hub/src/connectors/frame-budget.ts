/** What a connector may send unsolicited: enough for health reports and late answers, too little to keep the hub busy. */
import type { RequestName } from '@landbridge/protocol';

/** Larger frames are only parsed if their name is that of an awaited answer. */
export const SMALL_FRAME_LENGTH = 64 * 1024;

/** In UTF-16 units. A profile with thousands of groups has about 100,000; lists are limited by the frame. */
export const MAX_ANSWER_LENGTH: Readonly<Record<RequestName, number>> = {
  authenticate_user: 1024 * 1024,
  change_password: 1024 * 1024,
  search_users: Number.POSITIVE_INFINITY,
  list_groups: Number.POSITIVE_INFINITY,
  password_times: 1024 * 1024,
};

const BURST_BYTES = 1024 * 1024;
const BYTES_PER_MS = 64;
/** The minimum charge for a frame. */
const MIN_COST = 256;
/** Where the name of a frame is looked for: JSON.stringify writes members in the order in which they were set. */
const NAME_WITHIN = 2048;

export interface FrameBudget {
  /** @returns false if the budget is exhausted: the socket should end */
  spend(bytes: number): boolean;
}

export function createFrameBudget(now: () => number = () => performance.now()): FrameBudget {
  let left = BURST_BYTES;
  let atMs = now();
  return {
    spend(bytes) {
      left = Math.min(BURST_BYTES, left + (now() - atMs) * BYTES_PER_MS) - Math.max(MIN_COST, bytes);
      atMs = now();
      return left >= 0;
    },
  };
}

/** @returns the name of a frame without parsing all of it, if its beginning or end shows one */
export function frameNameIn(text: string): string | undefined {
  const name = /"n"\s*:\s*"([^"\\]{1,1024})"/;
  return (name.exec(text.slice(0, NAME_WITHIN)) ?? name.exec(text.slice(-NAME_WITHIN)))?.[1];
}
