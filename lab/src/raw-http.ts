/** HTTP as an attacker writes it: bytes that no client library would send, and whatever comes back. */
import { once } from 'node:events';
import { connect } from 'node:net';

/** A server that waits for more of a request is left alone after this; one that has answered closes before. */
const PATIENCE_MS = 10_000;

/** Sends the text as it is, in clear, on a socket of its own. @returns all that came until the server, or patience, ended it */
export async function sendRaw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1').on('data', (data) => {
    received += data;
  });
  // The server may close before all is sent.
  socket.on('error', () => {});
  socket.write(text, 'latin1');
  const impatience = setTimeout(() => socket.destroy(), PATIENCE_MS);
  await once(socket, 'close');
  clearTimeout(impatience);
  return received;
}

/** @returns the status of each answer, in order. One may begin right behind a body, which is where a smuggled request would show. */
export function statusesIn(received: string): number[] {
  return Array.from(received.matchAll(/HTTP\/1\.1 (\d{3}) [A-Z]/g), ([, status]) => Number(status));
}
