/**
 * The hub's time, against which its requests are checked even if this machine's clock is wrong. Kerberos, certificates and the directory still
 * use the system's clock.
 */
import { CLOCK_SKEW_TOLERANCE_MS } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';

export interface HubClock {
  /** The largest difference from the system's clock at which the hub's time is used. */
  readonly limitMs: number;
  /** Epoch milliseconds: the hub's time if it is known and within the limit, else the system's. */
  now(): number;
  /** How far the system's clock is ahead of the hub's; negative: behind. Undefined until the hub has told its time. */
  skewMs(): number | undefined;
  /**
   * @param clock the hub's time, from a source that only the hub can be
   * @param roundTripMs from the question to the answer. Half of it is taken as the age of the time; times with a long round trip are ignored.
   */
  learn(clock: number, roundTripMs: number): void;
}

/** A proxy can delay an answer, which makes the hub's time look earlier by at most half of this. */
const MAX_ROUND_TRIP_MS = 10_000;

/** @param options.limitMs a larger difference is not corrected, so a wrong time from the hub has limited effect */
export function createHubClock(options: { limitMs: number; log: Log; system?: () => number; monotonic?: () => number }): HubClock {
  const { limitMs, log, system = Date.now, monotonic = () => performance.now() } = options;
  /** The hub's time at a moment of the monotonic clock, which does not jump when NTP corrects the system's. */
  let basis: { hub: number; at: number } | undefined;
  let skewMs: number | undefined;
  let loggedMs = 0;

  function tell(skew: number): void {
    if (Math.abs(skew - loggedMs) <= CLOCK_SKEW_TOLERANCE_MS) return;
    loggedMs = skew;
    const text = clockDifference(skew);
    if (Math.abs(skew) > limitMs)
      log.error(`${text}, which is more than CLOCK_SKEW_LIMIT_SECONDS allows: sign-ins fail until the clock is right. Let NTP set it`);
    else if (Math.abs(skew) > CLOCK_SKEW_TOLERANCE_MS)
      log.warn(`${text}; requests of the hub are judged by the hub's clock. Let NTP set this one: Kerberos and certificates depend on it`);
    else log.info("This machine's clock agrees with the hub's again");
  }

  return {
    limitMs,
    now: () => (basis === undefined ? system() : basis.hub + monotonic() - basis.at),
    skewMs: () => skewMs,
    learn(clock, roundTripMs) {
      if (!Number.isFinite(clock) || roundTripMs > MAX_ROUND_TRIP_MS) return;
      const hub = clock + roundTripMs / 2;
      skewMs = Math.round(system() - hub);
      basis = Math.abs(skewMs) > limitMs ? undefined : { hub, at: monotonic() };
      tell(skewMs);
    },
  };
}

/** @param skewMs positive: this machine's clock is ahead */
export function clockDifference(skewMs: number): string {
  return `This machine's clock is ${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs > 0 ? 'ahead of' : 'behind'} the hub's`;
}
