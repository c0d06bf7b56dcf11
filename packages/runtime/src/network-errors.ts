/** What a failed connection means, and what to do about it: one table for logs, commands, checks and pages. */

export interface NetworkAdvice {
  /** The end of a sentence such as `… cannot be reached: `. */
  reason: string;
  /** One sentence or two. */
  action: string;
}

interface Peer {
  host: string;
  port: number | string;
}

const TIMED_OUT = ({ host, port }: Peer): NetworkAdvice => ({
  reason: 'no answer, as if a firewall drops the connection',
  action: `Allow connections from this machine to ${host} port ${port} in every firewall in between, and check that ${host} is running.`,
});
const NO_ROUTE = ({ host }: Peer): NetworkAdvice => ({
  reason: 'this machine has no route to it',
  action: `Check the network and the VPN of this machine, and that the address of ${host} is right.`,
});
const HUNG_UP = ({ host, port }: Peer): NetworkAdvice => ({
  reason: 'the other side closed the connection',
  action: `Check that ${host} expects this protocol on port ${port} (TLS or not), and that no firewall or proxy in between cuts connections.`,
});
const NO_TLS = ({ host, port }: Peer): NetworkAdvice => ({
  reason: 'the port answers, but not with TLS',
  action: `Check the scheme and the port of the address: port ${port} of ${host} does not speak TLS, or a proxy answers in its place.`,
});
const TOO_MANY_FILES = (): NetworkAdvice => ({
  reason: 'this process has too many open files and connections',
  action: 'Raise the limit of open files of the service (LimitNOFILE in systemd), and restart it.',
});

/** Codes of Node, libuv and getaddrinfo(3). */
const ADVICE: Readonly<Record<string, (peer: Peer) => NetworkAdvice>> = {
  ECONNREFUSED: ({ host, port }) => ({
    reason: `nothing accepts connections on port ${port}`,
    action: `Check the port, that the service on ${host} is running, and that no firewall rejects the connection.`,
  }),
  ENOTFOUND: ({ host }) => ({
    reason: `DNS knows no host ${host}`,
    action: `Check the spelling of ${host}, and that this machine uses DNS servers that know it: try nslookup ${host}.`,
  }),
  EAI_AGAIN: ({ host }) => ({
    reason: 'DNS does not answer',
    action: `Check the DNS servers of this machine (on Linux /etc/resolv.conf): they do not answer the question for ${host}.`,
  }),
  ETIMEDOUT: TIMED_OUT,
  ESOCKETTIMEDOUT: TIMED_OUT,
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  EHOSTDOWN: NO_ROUTE,
  ENETDOWN: NO_ROUTE,
  EADDRNOTAVAIL: () => ({
    reason: 'this machine has no suitable address, or no free port',
    action: 'Check that the address can be reached from this machine (an IPv6 address needs IPv6), and that connections are not left open.',
  }),
  ECONNRESET: HUNG_UP,
  ECONNABORTED: HUNG_UP,
  EPIPE: HUNG_UP,
  EACCES: ({ host, port }) => ({
    reason: 'this machine forbids the connection',
    action: `Allow the service to connect to ${host} port ${port} in the firewall or the security policy (SELinux, AppArmor) of this machine.`,
  }),
  EPERM: ({ host, port }) => ({
    reason: 'this machine forbids the connection',
    action: `Allow the service to connect to ${host} port ${port} in the firewall or the security policy (SELinux, AppArmor) of this machine.`,
  }),
  EMFILE: TOO_MANY_FILES,
  ENFILE: TOO_MANY_FILES,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  EPROTO: NO_TLS,
};

/** Causes can be circular in other code. */
const MAX_DEPTH = 5;

/** @returns undefined if neither the error nor one of its causes is an error of the network */
export function networkAdvice(error: unknown, peer: Peer): NetworkAdvice | undefined {
  return ADVICE[networkCodeOf(error) ?? '']?.(peer);
}

/** @returns the first code of the table among the error, its causes, and the parts of an AggregateError */
function networkCodeOf(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > MAX_DEPTH) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (Object.hasOwn(ADVICE, code)) return code;
  // A name with several addresses: Node tried each.
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [];
  for (const next of [...inner, error.cause]) {
    const found = networkCodeOf(next, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** For a connection or an answer that did not come within our own limit: as if the network had reported it. */
export function timedOut(limitMs: number): Error {
  return Object.assign(new Error(`no answer within ${limitMs} ms`), { code: 'ETIMEDOUT' });
}
