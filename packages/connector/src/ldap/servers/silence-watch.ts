/** Notices that a server takes connections and operations and answers none of them: stopped, hung, or behind a network that is cut. */
import { LdapError } from '../errors.ts';

export interface SilenceWatchOptions {
  /** With something under way and no answer to anything for so long, the server is doubted and asked whether it is there. */
  doubtAfterMs: number;
  /** So long it has to answer that question. */
  silentAfterMs: number;
  /** Asks the server for the least there is. Resolves with any answer; rejects with LDAP_TIMEOUT where none comes. */
  probe(timeoutMs: number): Promise<void>;
  /** Whether anybody else could be asked. Without one a slow server is waited for: nothing better can be done. */
  hasAlternative(): boolean;
  /** `doubtful` has changed. */
  onDoubt(): void;
  onSilent(): void;
}

export interface SilenceWatch {
  readonly doubtful: boolean;
  /** Runs one operation; its answer says that the server is there. */
  during<T>(work: () => Promise<T>): Promise<T>;
  stop(): void;
}

export function createSilenceWatch(options: SilenceWatchOptions): SilenceWatch {
  let underWay = 0;
  let quietSince = 0;
  let doubtful = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  function arm(ms: number): void {
    timer = setTimeout(() => {
      // Timers run before sockets are read: what arrived while this program was busy must count.
      setImmediate(check);
    }, ms);
    timer.unref();
  }

  function check(): void {
    timer = undefined;
    if (stopped || underWay === 0 || doubtful) return;
    const leftMs = quietSince + options.doubtAfterMs - performance.now();
    if (leftMs > 0) return arm(Math.ceil(leftMs));
    if (!options.hasAlternative()) return arm(options.doubtAfterMs);
    doubtful = true;
    options.onDoubt();
    void ask();
  }

  async function ask(): Promise<void> {
    const askedAt = performance.now();
    const silent = await options.probe(options.silentAfterMs).then(
      () => false,
      (error: unknown) => error instanceof LdapError && error.code === 'LDAP_TIMEOUT',
    );
    await new Promise((resolve) => setImmediate(resolve));
    if (silent && quietSince < askedAt && !stopped && options.hasAlternative()) options.onSilent();
    heard();
    if (underWay > 0 && timer === undefined && !stopped) arm(options.doubtAfterMs);
  }

  function heard(): void {
    quietSince = performance.now();
    if (!doubtful) return;
    doubtful = false;
    options.onDoubt();
  }

  return {
    get doubtful() {
      return doubtful;
    },
    async during(work) {
      if (underWay++ === 0) quietSince = performance.now();
      if (timer === undefined && !doubtful) arm(options.doubtAfterMs);
      try {
        const answer = await work();
        heard();
        return answer;
      } finally {
        underWay--;
      }
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
