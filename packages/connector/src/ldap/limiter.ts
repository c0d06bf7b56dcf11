/** Lets a limited number of operations run at a time; others wait for their turn, in order, and not for ever. */
import { LdapError } from './errors.ts';

export interface LimiterOptions {
  /** For messages: what waits, `user binds`. */
  name: string;
  maxRunning: number;
  maxWaiting: number;
  /** Bounds the waiting, not the work. */
  queueTimeoutMs: number;
}

export interface Limiter {
  /** @throws LDAP_BUSY, LDAP_ABORTED while waiting, and whatever `work` throws */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  readonly waiting: number;
  /** Sends away whoever waits for a turn. */
  rejectWaiting(error: LdapError): void;
}

export function createLimiter(options: LimiterOptions): Limiter {
  const queue = new Map<() => void, (error: LdapError) => void>();
  let running = 0;

  function turn(signal: AbortSignal | undefined): Promise<void> {
    if (queue.size >= options.maxWaiting) {
      throw new LdapError('LDAP_BUSY', `${options.maxWaiting} ${options.name} wait for their turn already`, {
        action: 'Allow more at a time (LDAP_NUMBER_OF_PARALLEL_BINDS, LDAP_SEARCH_CONNECTIONS), or find out why the directory is slow',
      });
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        queue.delete(start);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const start = () => {
        leave();
        resolve();
      };
      const giveUp = (error: LdapError) => {
        leave();
        reject(error);
      };
      const onAbort = () => giveUp(new LdapError('LDAP_ABORTED', 'Nobody waits for the answer any more'));
      const timer = setTimeout(
        () =>
          giveUp(
            new LdapError('LDAP_BUSY', `No turn among the ${options.name} within ${options.queueTimeoutMs} ms: the directory is slow`),
          ),
        options.queueTimeoutMs,
      );
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      queue.set(start, giveUp);
    });
  }

  return {
    get waiting() {
      return queue.size;
    },
    rejectWaiting(error) {
      for (const giveUp of [...queue.values()]) giveUp(error);
    },
    async run(work, signal) {
      // Whoever waits takes over the turn of the one that ended, so `running` does not change hands through zero.
      if (running >= options.maxRunning) await turn(signal);
      else running++;
      try {
        return await work();
      } finally {
        const [next] = queue.keys();
        if (next) next();
        else running--;
      }
    },
  };
}
