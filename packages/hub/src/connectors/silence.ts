/**
 * Whether a connector that owes answers is still there. While it does, it is looked after twice a second: one from which nothing comes
 * is pinged, and any frame or pong is a sign of life. Those that owe nothing are left to the heartbeat, which is slower.
 */

/** - `doubtful`: asked only where no other is well. - `silent`: not asked, and what it owes is given up. */
export type Presence = 'well' | 'doubtful' | 'silent';

export interface Silence {
  readonly presence: Presence;
  /** It owes its first answer. */
  begin(): void;
  /** It owes none any more. */
  end(): void;
  heard(): void;
}

export interface SilenceTimes {
  lookIntervalMs: number;
  /** So many looks without a sign of life; the first of them makes the ping. */
  doubtfulAfterLooks: number;
  silentAfterLooks: number;
}

/** A pause of a second is a garbage collection or a network that stumbled; after six, whoever waits is better told to try again. */
const TIMES: SilenceTimes = { lookIntervalMs: 500, doubtfulAfterLooks: 3, silentAfterLooks: 12 };

/** @param onSilent called when it becomes silent */
export function watchSilence(
  { ping, onSilent }: { ping: () => void; onSilent: () => void },
  { lookIntervalMs, doubtfulAfterLooks, silentAfterLooks }: SilenceTimes = TIMES,
): Silence {
  let timer: NodeJS.Timeout | undefined;
  let looks = 0;

  function look(): void {
    looks++;
    ping();
    if (looks === silentAfterLooks) onSilent();
  }

  return {
    get presence() {
      return looks >= silentAfterLooks ? 'silent' : looks >= doubtfulAfterLooks ? 'doubtful' : 'well';
    },
    begin() {
      timer ??= setInterval(look, lookIntervalMs);
    },
    end() {
      clearInterval(timer);
      timer = undefined;
      // Not yet in doubt: the next question begins anew. In doubt, it takes a sign of life.
      if (looks < doubtfulAfterLooks) looks = 0;
    },
    heard() {
      looks = 0;
    },
  };
}
