/** Telling the hub whether the directory answers, so that it asks another connector where it does not. */
import { encodeFrame, type Health } from '@landbridge/protocol';

/** The state is looked at rather than told: that is a comparison, and needs nothing of the four layers in between. */
const LOOK_INTERVAL_MS = 250;
/** A connection that a directory closes for being idle is replaced at once, and not worth a word. */
const LOOKS_UNTIL_DOWN = 2;

/**
 * Says what holds now, and each change from then on.
 *
 * @returns stops it
 */
export function reportHealth(isUp: () => boolean, send: (frame: string) => void): () => void {
  let told: Health['directory'] | undefined;
  let looksDown = 0;
  function tell(directory: Health['directory']): void {
    if (directory === told) return;
    told = directory;
    send(encodeFrame('health', { directory } satisfies Health));
  }
  tell(isUp() ? 'up' : 'down');
  const timer = setInterval(() => {
    looksDown = isUp() ? 0 : looksDown + 1;
    if (looksDown === 0) tell('up');
    else if (looksDown >= LOOKS_UNTIL_DOWN) tell('down');
  }, LOOK_INTERVAL_MS);
  return () => clearInterval(timer);
}
