/** Groups client addresses for rate limits. */
import { isIPv6 } from 'node:net';

/**
 * IPv6 addresses are grouped by /64, because one host can choose among all 2^64 addresses in it (RFC 6177, RFC 4291 section 2.5.4).
 *
 * @param address anything that is not an IP address is a group of its own
 */
export function addressGroup(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(bare)) return bare;
  // A dotted end is two groups, and never one of the first four.
  const [head = '', tail] = bare.replace(/:\d+\.\d+\.\d+\.\d+$/, ':0:0').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
