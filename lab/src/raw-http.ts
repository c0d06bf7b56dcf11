/** HTTP as an attacker writes it: raw bytes that no client library would send, and the raw answer. */
import { connect } from 'node:net';

/** Gives up on a server that waits for more; one that has answered closes the connection earlier. */
const PATIENCE_MS = 10_000;

/** Sends the text unencrypted on a new socket. @returns everything until the server closes it or the timeout ends */
export async function sendRaw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1').on('data', (data) => {
    received += data;
  });
  // The server may close the connection early.
  socket.on('error', () => {});
  socket.write(text, 'latin1');
  const impatience = setTimeout(() => socket.destroy(), PATIENCE_MS);
  // Not `once`, which rejects if the socket reports a reset before it closes.
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  clearTimeout(impatience);
  return received;
}

/** @returns the status of each answer, in order; a smuggled request shows as an answer right after a body */
export function statusesIn(received: string): number[] {
  return Array.from(received.matchAll(/HTTP\/1\.1 (\d{3}) [A-Z]/g), ([, status]) => Number(status));
}
