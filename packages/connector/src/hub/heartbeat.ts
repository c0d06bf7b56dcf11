/** Notices a hub that has silently gone away, by pings and a count of the intervals in which nothing came back. */

/** One ping every 3 s, three missed: noticed after 9 to 12 s. Auth0 connectors take 30 s. */
export const HEARTBEAT_INTERVAL_MS = 3000;
export const HEARTBEAT_MISSES = 3;

/**
 * @param options.bytesRead bytes received so far; any byte counts as a sign of life, including part of a long frame
 * @param options.onSilent called once, after `misses` intervals in a row without a byte
 * @returns stops it
 */
export function startHeartbeat(options: {
  intervalMs: number;
  misses: number;
  bytesRead: () => number;
  ping: () => void;
  onSilent: () => void;
}): () => void {
  let seen = options.bytesRead();
  let silent = 0;
  const timer = setInterval(() => {
    const bytes = options.bytesRead();
    silent = bytes === seen ? silent + 1 : 0;
    seen = bytes;
    // The first interval may well be silent: no ping was sent before it.
    if (silent > options.misses) {
      clearInterval(timer);
      options.onSilent();
    } else options.ping();
  }, options.intervalMs);
  return () => clearInterval(timer);
}
