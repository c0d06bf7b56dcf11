/**
 * The console: the administrator's pages, which the connector serves on this machine only. They call the same functions as the commands.
 * This folder owns pages, sessions and access to them, and makes no decisions about users or settings.
 */

import { getRequestListener } from '@hono/node-server';
import { CodedError, localUrl } from '@landbridge/runtime';
import { createWebServer, NO_PROXIES } from '@landbridge/web';
import { createTroubleshooter } from '../troubleshoot/troubleshooter.ts';
import { createActivity } from './activity.ts';
import { createHostCheck } from './own-host.ts';
import { type ConsoleParts, createConsoleContext } from './page-context.ts';
import { createConsolePassword } from './password.ts';
import { consoleRoutes } from './routes.ts';
import { LINK_LIFETIME_MINUTES, newSignInLink } from './sign-in-link.ts';

export interface Console {
  /** Such as `http://127.0.0.1:8357`. */
  url: string;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
/** Enough for an upload of some megabytes from this machine. */
const REQUEST_TIMEOUT_MS = 60_000;
const MAX_CONNECTIONS = 100;

/**
 * @param address undefined: 127.0.0.1
 * @throws CodedError CONSOLE_PORT_IN_USE, CONSOLE_NOT_OPENED
 */
export async function openConsole(
  parts: ConsoleParts,
  { address = LOOPBACK, port }: { address?: string | undefined; port: number },
): Promise<Console> {
  const activity = createActivity(parts.signIns);
  const context = createConsoleContext({ ...parts, troubleshooter: createTroubleshooter(), activity });
  const password = createConsolePassword(parts.home, parts.now);
  let actualPort = port;
  const app = consoleRoutes({ context, password, isOwnHost: createHostCheck(address, () => actualPort) });
  const { log } = parts;
  const server = createWebServer({
    answer: getRequestListener(app.fetch),
    proxies: NO_PROXIES,
    limits: { requestTimeout: REQUEST_TIMEOUT_MS },
    maxConnections: MAX_CONNECTIONS,
    log,
  });
  try {
    actualPort = await server.listen(port, address);
  } catch (cause) {
    activity.close();
    throw notOpened(address, port, cause);
  }
  const url = consoleUrl(address, actualPort);
  if (password.isSet()) log.info(`Console: ${url}`);
  else log.warn(`Console: open ${url}${newSignInLink(parts.home)} within ${LINK_LIFETIME_MINUTES} minutes to set its password`);
  return {
    url,
    async close() {
      activity.close();
      await server.end();
    },
  };
}

/** @param address undefined: 127.0.0.1 */
export function consoleUrl(address: string | undefined, port: number): string {
  return localUrl('http', address ?? LOOPBACK, port);
}

function notOpened(address: string, port: number, cause: unknown): CodedError {
  if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE') {
    return new CodedError('CONSOLE_PORT_IN_USE', `Cannot open the console: ${consoleUrl(address, port)} is in use by another program`, {
      action: 'That may be another connector. Set CONSOLE_PORT to a free port, or CONSOLE_ENABLED=false.',
      cause,
    });
  }
  return new CodedError('CONSOLE_NOT_OPENED', `Cannot open the console at ${consoleUrl(address, port)}`, {
    action: 'Correct CONSOLE_PORT or CONSOLE_INSECURE_ADDRESS, or set CONSOLE_ENABLED=false.',
    cause,
  });
}
