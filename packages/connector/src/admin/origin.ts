/**
 * Whether a request is meant for the console: by the name that the browser was given, and by the page it comes from. A site whose name
 * an attacker lets DNS point to 127.0.0.1 (DNS rebinding) is told apart by its name.
 */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Context } from 'hono';
import { isLoopback } from '../config/loopback.ts';

export interface Origins {
  /** Whether `Host` is the console's: a loopback name; elsewhere also addresses and this machine's own name, which nobody can make DNS answer. */
  isOurs(host: string | undefined): boolean;
}

/** @param address at which the console listens */
export function createOrigins(address: string, port: () => number): Origins {
  const isLocalOnly = isLoopback(isIP(address) === 6 ? `[${address}]` : address);
  return {
    isOurs(host) {
      if (host === undefined || !URL.canParse(`http://${host}`)) return false;
      const url = new URL(`http://${host}`);
      // No user name, no path: nothing but a host and a port.
      if (url.host !== host.toLowerCase() && `${url.host}:80` !== host.toLowerCase()) return false;
      if (Number(url.port || 80) !== port()) return false;
      const name = url.hostname;
      if (name === '127.0.0.1' || name === 'localhost' || name === '[::1]') return true;
      return !isLocalOnly && (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || name === hostname().toLowerCase());
    },
  };
}

/** Whether a form was sent by one of our own pages. Browsers say where it comes from; what says nothing is not a browser's form. */
export function isFromOwnPage(c: Context, origins: Origins): boolean {
  const origin = c.req.header('Origin');
  const site = c.req.header('Sec-Fetch-Site');
  if (site !== undefined && site !== 'same-origin') return false;
  if (origin === undefined) return site === 'same-origin';
  return (
    URL.canParse(origin) &&
    new URL(origin).protocol === 'http:' &&
    new URL(origin).host === c.req.header('Host')?.toLowerCase() &&
    origins.isOurs(new URL(origin).host)
  );
}
