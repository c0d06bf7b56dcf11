/** HTTP as an attacker writes it: bytes that no client library would send, and whatever comes back. */
import { once } from 'node:events';
import { connect } from 'node:net';

/** A server that waits for more of a request is left alone after this; one that has answered closes before. */
const PATIENCE_MS = 10_000;

/** Sends the text as it is on a socket of its own. @returns all that came until the server, or patience, ended it */
export async function sendRaw(url: string, text: string): Promise<string> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
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

/** A whole request whose answer is its socket's last. */
export function rawRequest(first: string, headers: readonly string[] = [], body = ''): string {
  return `${[first, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n${body}`;
}

/** @returns the status of each answer, in order */
export function statusesIn(received: string): number[] {
  return [...received.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
}
