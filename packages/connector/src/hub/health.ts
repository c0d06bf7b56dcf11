/** Tells the hub whether the directory answers; if not, the hub asks another connector. */
import { encodeFrame, type Health } from '@landbridge/protocol';

/** Polling the state costs a comparison, and needs no events through the four layers in between. */
const LOOK_INTERVAL_MS = 250;
/** A connection that the directory closes because it is idle is replaced at once, and not worth reporting. */
const LOOKS_UNTIL_DOWN = 2;

/**
 * Sends the current state and every later change. An unknown state is not reported: the hub keeps sending requests, and they wait for the
 * directory's first answer.
 *
 * @returns stops it
 */
export function reportHealth(isUp: () => boolean | undefined, send: (frame: string) => void): () => void {
  let reported: Health['directory'] | undefined;
  let looksDown = 0;
  function report(directory: Health['directory']): void {
    if (directory === reported) return;
    reported = directory;
    send(encodeFrame('health', { directory } satisfies Health));
  }
  function look(looksUntilDown: number): void {
    const up = isUp();
    looksDown = up === false ? looksDown + 1 : 0;
    if (up === true) report('up');
    else if (looksDown >= looksUntilDown) report('down');
  }
  look(1);
  const timer = setInterval(look, LOOK_INTERVAL_MS, LOOKS_UNTIL_DOWN);
  return () => clearInterval(timer);
}
