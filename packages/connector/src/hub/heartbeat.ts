/**
 * Notices a hub that is gone, or sends but no longer reads: only an answered ping is a sign of life, because a hub that does not read does
 * not answer sign-ins either.
 */

/** One ping a second, three of them unanswered: noticed within 4 s, and connected again within 5. Auth0 connectors take 30 s, and count any byte. */
export const HEARTBEAT_INTERVAL_MS = 1000;
export const HEARTBEAT_MISSES = 3;

export interface Heartbeat {
  /** @param payload of a pong, as it came */
  ponged(payload: Buffer): void;
  stop(): void;
}

/**
 * @param options.isMidFrame whether a frame is arriving that delays the hub's answer
 * @param options.onSilent called once, after `misses` intervals in a row without an answer to a ping
 */
export function startHeartbeat(options: {
  intervalMs: number;
  misses: number;
  ping: (payload: Buffer) => void;
  isMidFrame: () => boolean;
  onSilent: () => void;
}): Heartbeat {
  let sent = 0;
  let answered = 0;
  let seen = 0;
  let missed = 0;
  const timer = setInterval(() => {
    missed = sent === 0 || answered > seen || options.isMidFrame() ? 0 : missed + 1;
    seen = answered;
    if (missed < options.misses) return options.ping(payloadOf(++sent));
    clearInterval(timer);
    options.onSilent();
  }, options.intervalMs);
  return {
    ponged(payload) {
      const number = payload.length === PAYLOAD_BYTES ? payload.readUInt32BE() : 0;
      if (number <= sent) answered = Math.max(answered, number);
    },
    stop: () => clearInterval(timer),
  };
}

const PAYLOAD_BYTES = 4;

function payloadOf(number: number): Buffer {
  const payload = Buffer.alloc(PAYLOAD_BYTES);
  payload.writeUInt32BE(number);
  return payload;
}
