/** Raw HTTP requests of an attacker. */

/** A whole request; the server closes the socket after the response. */
export function rawRequest(first: string, headers: readonly string[] = [], body = ''): string {
  return `${[first, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n${body}`;
}
