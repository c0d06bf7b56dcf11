/** Notices a server that accepts connections and operations but answers none of them: stopped, hung, or cut off by the network. */
import { LdapError } from '../errors.ts';

export interface LivenessWatchOptions {
  /** With an operation in flight and no response to any for this long, the server is suspect and gets probed. */
  suspectAfterMs: number;
  /** How long it has to answer the probe. */
  silentAfterMs: number;
  /** Sends the smallest possible request. Resolves with any response; rejects with LDAP_TIMEOUT if none comes. */
  probe(timeoutMs: number): Promise<void>;
  /** Whether another server could be asked. If not, a slow server is better than none. */
  hasAlternative(): boolean;
  /** `suspect` has changed. */
  onSuspect(): void;
  onSilent(): void;
}

export interface LivenessWatch {
  readonly suspect: boolean;
  /** Runs one operation; its response proves that the server is alive. */
  during<T>(work: () => Promise<T>): Promise<T>;
  stop(): void;
}

export function createLivenessWatch(options: LivenessWatchOptions): LivenessWatch {
  let inFlight = 0;
  let quietSince = 0;
  let suspect = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  function arm(ms: number): void {
    timer = setTimeout(() => {
      // Timers run before sockets are read: data that arrived while this process was busy must count.
      setImmediate(check);
    }, ms);
    timer.unref();
  }

  function check(): void {
    timer = undefined;
    if (stopped || inFlight === 0 || suspect) return;
    const leftMs = quietSince + options.suspectAfterMs - performance.now();
    if (leftMs > 0) return arm(Math.ceil(leftMs));
    if (!options.hasAlternative()) return arm(options.suspectAfterMs);
    suspect = true;
    options.onSuspect();
    void probe();
  }

  async function probe(): Promise<void> {
    const probedAt = performance.now();
    const silent = await options.probe(options.silentAfterMs).then(
      () => false,
      (error: unknown) => error instanceof LdapError && error.code === 'LDAP_TIMEOUT',
    );
    await new Promise((resolve) => setImmediate(resolve));
    if (silent && quietSince < probedAt && !stopped && options.hasAlternative()) options.onSilent();
    heard();
    if (inFlight > 0 && timer === undefined && !stopped) arm(options.suspectAfterMs);
  }

  function heard(): void {
    quietSince = performance.now();
    if (!suspect) return;
    suspect = false;
    options.onSuspect();
  }

  return {
    get suspect() {
      return suspect;
    },
    async during(work) {
      if (inFlight++ === 0) quietSince = performance.now();
      if (timer === undefined && !suspect) arm(options.suspectAfterMs);
      try {
        const answer = await work();
        heard();
        return answer;
      } finally {
        inFlight--;
      }
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
