/** Tells the hub whether the directory answers; if not, the hub asks another connector. */
import { encodeFrame, type Health } from '@landbridge/protocol';

/** Polling the state costs a comparison, and needs no events through the four layers in between. */
const LOOK_INTERVAL_MS = 250;
/** A connection that the directory closes because it is idle is replaced at once, and not worth reporting. */
const LOOKS_UNTIL_DOWN = 2;

/**
 * Sends the current state, and each change from then on.
 *
 * @returns stops it
 */
export function reportHealth(isUp: () => boolean, send: (frame: string) => void): () => void {
  let reported: Health['directory'] | undefined;
  let looksDown = 0;
  function report(directory: Health['directory']): void {
    if (directory === reported) return;
    reported = directory;
    send(encodeFrame('health', { directory } satisfies Health));
  }
  report(isUp() ? 'up' : 'down');
  const timer = setInterval(() => {
    looksDown = isUp() ? 0 : looksDown + 1;
    if (looksDown === 0) report('up');
    else if (looksDown >= LOOKS_UNTIL_DOWN) report('down');
  }, LOOK_INTERVAL_MS);
  return () => clearInterval(timer);
}
