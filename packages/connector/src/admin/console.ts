/**
 * The console: pages for the administrator, served by the connector itself on this machine only. It shows and changes through the
 * functions that commands use. This folder owns pages, sessions and who may see them, and decides nothing about people or settings.
 */

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import { serve } from '@hono/node-server';
import { CodedError } from '@landbridge/runtime';
import { createTroubleshooter } from '../troubleshoot/troubleshooter.ts';
import { createActivity } from './activity.ts';
import { type ConsoleParts, createDesk } from './desk.ts';
import { createOrigins } from './origin.ts';
import { createConsolePassword } from './password.ts';
import { consoleRoutes } from './routes.ts';
import { LINK_LIFETIME_MINUTES, newSignInLink } from './sign-in-link.ts';

export interface Console {
  /** Such as `http://127.0.0.1:8357`. */
  url: string;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
/** A browser on this machine has no reason to be slow; uploads are some megabytes. */
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 100;

/**
 * @param address undefined: 127.0.0.1
 * @throws CodedError CONSOLE_PORT_IN_USE, CONSOLE_NOT_OPENED
 */
export async function openConsole(
  parts: ConsoleParts,
  { address = LOOPBACK, port }: { address?: string | undefined; port: number },
): Promise<Console> {
  const activity = createActivity(parts.logWindow);
  const desk = createDesk({ ...parts, troubleshooter: createTroubleshooter(), activity });
  const password = createConsolePassword(parts.home, parts.now);
  let actualPort = port;
  const app = consoleRoutes({ desk, password, origins: createOrigins(address, () => actualPort) });
  const server = serve({ fetch: app.fetch, hostname: address, port }) as Server;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (cause) => reject(notOpened(address, port, cause)));
  }).catch((error: unknown) => {
    activity.close();
    throw error;
  });
  actualPort = portOf(server.address());
  const url = consoleUrl(address, actualPort);
  if (password.isSet()) parts.log.info(`The console is at ${url}`);
  else
    parts.log.warn(`The console: open ${url}${newSignInLink(parts.home)} within ${LINK_LIFETIME_MINUTES} minutes to choose its password`);
  return {
    url,
    async close() {
      activity.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** @param address undefined: 127.0.0.1 */
export function consoleUrl(address: string | undefined, port: number): string {
  const isEverywhere = address === undefined || address === '0.0.0.0' || address === '::';
  const host = isEverywhere ? LOOPBACK : isIP(address) === 6 ? `[${address}]` : address;
  return `http://${host}:${port}`;
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function notOpened(address: string, port: number, cause: Error): CodedError {
  if ('code' in cause && cause.code === 'EADDRINUSE') {
    return new CodedError(
      'CONSOLE_PORT_IN_USE',
      `The console could not be opened: ${consoleUrl(address, port)} is used by another program`,
      {
        action: 'It may be another connector. Set CONSOLE_PORT to a free port, or CONSOLE_ENABLED=false.',
        cause,
      },
    );
  }
  return new CodedError('CONSOLE_NOT_OPENED', `The console could not be opened at ${consoleUrl(address, port)}`, {
    action: 'Correct CONSOLE_PORT or CONSOLE_INSECURE_ADDRESS, or set CONSOLE_ENABLED=false.',
    cause,
  });
}
