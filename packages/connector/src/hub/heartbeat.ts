/**
 * Notices a hub that has disappeared, or that sends but no longer reads. Only an answered ping is a sign of life, because a hub that does not read
 * does not complete sign-ins either.
 */

/**
 * One ping per second. After three unanswered pings the connection is closed, within 4 s, and a new one is open within 5 s. Auth0 connectors take 30
 * s and accept any byte as a sign of life.
 */
export const HEARTBEAT_INTERVAL_MS = 1000;
export const HEARTBEAT_MISSES = 3;

export interface Heartbeat {
  /** @param payload of a pong, as received */
  ponged(payload: Buffer): void;
  stop(): void;
}

/**
 * @param options.isMidFrame whether a long frame is arriving, which delays the hub's pong
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
