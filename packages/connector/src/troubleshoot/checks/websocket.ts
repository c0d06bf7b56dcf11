/** Opens a WebSocket to the hub and closes it again: a proxy may pass HTTPS but break upgrades. */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { ConnectorSettings } from '../../config/settings.ts';
import type { Outbound } from '../../network/outbound.ts';
import { proxyFor } from '../../network/proxy.ts';
import { type CheckOutcome, fail, failedBy, pass } from '../check.ts';

const HANDSHAKE_TIMEOUT_MS = 10_000;

/** @param address http(s) or ws(s) */
export async function openWebSocket(
  outbound: Outbound,
  address: string,
  values: ConnectorSettings,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const url = new URL(address.replace(/^http/i, 'ws'));
  // ws refuses URLs with a fragment.
  url.hash = '';
  const proxy = proxyFor(url, values);
  const between = proxy === undefined ? 'A proxy or firewall in between' : `The proxy ${proxy.host}, or something behind it,`;
  const action = `${between} breaks WebSocket upgrades: exempt ${url.host} from inspection.`;
  const socket = new WebSocket(url, {
    agent: outbound.agentFor(url),
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    followRedirects: false,
  });
  signal.addEventListener('abort', () => socket.terminate(), { once: true });
  const started = performance.now();
  try {
    return await new Promise<CheckOutcome>((resolve) => {
      socket.once('open', () => resolve(pass(`${url.host} opens a WebSocket in ${Math.round(performance.now() - started)} ms`)));
      socket.once('unexpected-response', (_, response) => {
        response.resume();
        resolve(
          fail(`The ticket can be read, but the WebSocket was answered with HTTP ${response.statusCode}${whoAnswered(response)}`, action),
        );
      });
      socket.once('error', (error) => {
        const { found } = failedBy(error);
        resolve(fail(`The ticket can be read, but the WebSocket does not open: ${found}`, action));
      });
    });
  } finally {
    socket.on('error', () => {});
    socket.terminate();
  }
}

/** Proxies often identify themselves. */
function whoAnswered({ headers }: IncomingMessage): string {
  const via = headers.via ?? headers.server;
  return via === undefined ? '' : ` by "${via.slice(0, 80)}"`;
}
