/** Requests to the hub as an attacker writes them. */

/** A whole request whose answer is its socket's last. */
export function rawRequest(first: string, headers: readonly string[] = [], body = ''): string {
  return `${[first, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n${body}`;
}
