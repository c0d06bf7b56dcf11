/**
 * Detects dead connectors that have requests in flight. They are pinged twice a second. Signs of life are answered pings, and bytes of
 * a long frame, which delays the pong. Idle connectors are left to the slower heartbeat.
 */

export interface Liveness {
  /** `doubtful`: asked only if no other connector is alive. `silent`: not asked, and its requests in flight are abandoned. */
  readonly state: 'alive' | 'doubtful' | 'silent';
  /** Its first request is in flight. */
  begin(): void;
  /** It has answered all requests. */
  end(): void;
  heard(): void;
}

interface LivenessTimes {
  checkIntervalMs: number;
  /** Checks in a row without a sign of life. The first of them sends a ping. */
  doubtfulAfterChecks: number;
  silentAfterChecks: number;
}

/** A pause of a second may be a garbage collection or a network hiccup. After five, users should try again instead of waiting. */
const TIMES: LivenessTimes = { checkIntervalMs: 500, doubtfulAfterChecks: 3, silentAfterChecks: 9 };

/** @param onSilent called when it becomes silent */
export function watchLiveness(
  { ping, isMidFrame, onSilent }: { ping: () => void; isMidFrame: () => boolean; onSilent: () => void },
  { checkIntervalMs, doubtfulAfterChecks, silentAfterChecks }: LivenessTimes = TIMES,
): Liveness {
  let timer: NodeJS.Timeout | undefined;
  let checks = 0;

  function check(): void {
    if (isMidFrame()) checks = 0;
    checks++;
    ping();
    if (checks === silentAfterChecks) onSilent();
  }

  return {
    get state() {
      return checks >= silentAfterChecks ? 'silent' : checks >= doubtfulAfterChecks ? 'doubtful' : 'alive';
    },
    begin() {
      timer ??= setInterval(check, checkIntervalMs);
    },
    end() {
      clearInterval(timer);
      timer = undefined;
      // Only a sign of life ends a doubt.
      if (checks < doubtfulAfterChecks) checks = 0;
    },
    heard() {
      checks = 0;
    },
  };
}
