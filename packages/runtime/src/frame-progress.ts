/**
 * Tells whether a long frame is currently arriving. Its sender cannot answer a ping before the frame ends (RFC 6455, section 5.4), so the frame's bytes
 * are the only sign of life. Otherwise only an answered ping counts: a peer may send without reading anything.
 */
export interface FrameProgress {
  /** Call this when a frame has ended. */
  frame(): void;
  isMidFrame(): boolean;
}

/** A frame without new bytes for longer than this has stalled. */
const STALLED_MS = 2000;

/** @param bytesRead the number of bytes received on the socket so far */
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
