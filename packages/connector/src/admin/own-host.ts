/**
 * Whether a request addresses the console by one of its own names. An attacker can point a name of their own at 127.0.0.1 (DNS rebinding),
 * but cannot keep the browser from sending that name in `Host`.
 */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isLoopback } from '../config/loopback.ts';

/** Loopback names; if the console listens elsewhere, also addresses and this machine's name, which no attacker controls in DNS. */
export type HostCheck = (host: string | undefined) => boolean;

/** @param address where the console listens */
export function createHostCheck(address: string, port: () => number): HostCheck {
  const isLocalOnly = isLoopback(isIP(address) === 6 ? `[${address}]` : address);
  return (host) => {
    if (host === undefined || !URL.canParse(`http://${host}`)) return false;
    const url = new URL(`http://${host}`);
    // Only a host and a port: no user name, no path.
    if (url.host !== host.toLowerCase() && `${url.host}:80` !== host.toLowerCase()) return false;
    if (Number(url.port || 80) !== port()) return false;
    const name = url.hostname;
    if (name === '127.0.0.1' || name === 'localhost' || name === '[::1]') return true;
    return !isLocalOnly && (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || name === hostname().toLowerCase());
  };
}
