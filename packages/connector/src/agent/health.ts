/**
 * Liveness (`/healthz`) and readiness (`/readyz`) of the connector, for containers. It tells whether hub and directory answer, but neither which
 * they are nor why not: whoever reaches the port may ask.
 */
import { CodedError, type Log } from '@landbridge/runtime';
import { createWebServer, NO_PROXIES } from '@landbridge/web';
import type { RunningConnector } from './connector.ts';

export const HEALTH_LOOPBACK = '127.0.0.1';
const MAX_CONNECTIONS = 20;

export interface HealthServer {
  port: number;
  close(): Promise<void>;
}

/**
 * @param connector undefined until it is set up
 * @throws CodedError HEALTH_NOT_OPENED
 */
export async function openHealthServer(options: {
  connector: () => Pick<RunningConnector, 'hub' | 'directory'> | undefined;
  port: number;
  address?: string | undefined;
  log: Log;
}): Promise<HealthServer> {
  const { connector, port, address = HEALTH_LOOPBACK, log } = options;
  const server = createWebServer({
    answer(request, response) {
      const answer = (status: number, type: string, body: string) =>
        response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(request.method === 'HEAD' ? undefined : body);
      if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'text/plain', 'GET only\n');
      if (request.url === '/healthz') return answer(200, 'text/plain', 'ok\n');
      if (request.url !== '/readyz') return answer(404, 'text/plain', 'not found\n');
      const running = connector();
      const checks = { hub: running?.hub().state ?? 'not set up', directory: directoryState(running) };
      const ready = checks.hub === 'connected' && checks.directory === 'connected';
      return answer(ready ? 200 : 503, 'application/json', JSON.stringify({ ready, checks }));
    },
    proxies: NO_PROXIES,
    maxConnections: MAX_CONNECTIONS,
    log,
  });
  try {
    return { port: await server.listen(port, address), close: () => server.end() };
  } catch (cause) {
    throw new CodedError('HEALTH_NOT_OPENED', `Cannot answer health checks on port ${port} of ${address}`, {
      action: 'Correct HEALTH_PORT or HEALTH_ADDRESS, or stop the program that uses the port.',
      cause,
    });
  }
}

function directoryState(running: Pick<RunningConnector, 'directory'> | undefined): string {
  if (running === undefined) return 'not set up';
  const { connected, connecting } = running.directory().status();
  return connected ? 'connected' : connecting ? 'connecting' : 'failed';
}
