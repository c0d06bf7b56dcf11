/**
 * Whether a long frame is just arriving. Its sender cannot answer a ping before the frame has ended (RFC 6455, section 5.4), so its bytes
 * are the only sign of life. Otherwise only an answered ping is: a peer may send without reading anything.
 */
export interface FrameProgress {
  /** A frame has ended. */
  frame(): void;
  isMidFrame(): boolean;
}

/** A frame whose bytes stop for longer is not arriving. */
const STALLED_MS = 2000;

/** @param bytesRead of the socket, so far */
export function createFrameProgress(bytesRead: () => number, now: () => number = () => performance.now()): FrameProgress {
  let atFrame = 0;
  let seen = 0;
  let seenAt = now();
  return {
    frame() {
      atFrame = bytesRead();
    },
    isMidFrame() {
      const bytes = bytesRead();
      if (bytes !== seen) {
        seen = bytes;
        seenAt = now();
      }
      return bytes > atFrame && now() - seenAt < STALLED_MS;
    },
  };
}
