/** Backoff between attempts: delays grow, with jitter, and start over only after a success that lasted. */

export interface BackoffOptions {
  /** The first delay is between half of this and this. */
  firstMs: number;
  /** The longest delay. */
  maxMs: number;
  /** How long a success must last before delays start over: a connection that opens and breaks at once must not hammer the peer. */
  holdMs: number;
  now?: () => number;
  random?: () => number;
}

export interface Backoff {
  /** The next delay in milliseconds. Each call counts as a failure. */
  nextMs(): number;
  /** Call when an attempt succeeds. */
  succeeded(): void;
}

/** The delay after the n-th failure in a row is between half and all of `firstMs * 2^n`, at most `maxMs`. */
export function createBackoff(options: BackoffOptions): Backoff {
  const now = options.now ?? Date.now;
  const random = options.random ?? Math.random;
  let failures = 0;
  let successSince: number | undefined;
  return {
    nextMs() {
      if (successSince !== undefined && now() - successSince >= options.holdMs) failures = 0;
      successSince = undefined;
      // 2^30 ms is twelve days: longer than any maximum, and still an integer.
      const full = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(failures, 30));
      failures++;
      return Math.round(full * (0.5 + random() / 2));
    },
    succeeded() {
      successSince ??= now();
    },
  };
}

/** Resolves after `ms` milliseconds, or immediately when `signal` is aborted. Never rejects: the caller checks the signal. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
