/** Waiting between tries: waits that grow and are jittered, and go back to the start only after what was tried has held. */

export interface BackoffOptions {
  /** The first wait lies between half of this and this. */
  firstMs: number;
  /** No wait is longer. */
  maxMs: number;
  /** How long a success must last before the waits start over: one that opens and dies at once must not hammer the other side. */
  holdMs: number;
  now?: () => number;
  random?: () => number;
}

export interface Backoff {
  /** The next wait in milliseconds; each call counts as one more failure. */
  nextMs(): number;
  /** Says that the tried thing works since now. */
  succeeded(): void;
}

/** Waits of the n-th failure in a row: between half and all of `firstMs * 2^n`, at most `maxMs`. */
export function createBackoff(options: BackoffOptions): Backoff {
  const now = options.now ?? Date.now;
  const random = options.random ?? Math.random;
  let failures = 0;
  let successSince: number | undefined;
  return {
    nextMs() {
      if (successSince !== undefined && now() - successSince >= options.holdMs) failures = 0;
      successSince = undefined;
      // 2^30 times a millisecond is twelve days: beyond every maximum, and still an integer.
      const full = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(failures, 30));
      failures++;
      return Math.round(full * (0.5 + random() / 2));
    },
    succeeded() {
      successSince ??= now();
    },
  };
}

/** Resolves after `ms` milliseconds, or at once when `signal` is aborted: the caller looks at the signal, nothing is thrown. */
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
