/** Which network addresses are one place, for those who limit what comes from there. */
import { isIPv6 } from 'node:net';

/**
 * IPv6 by /64: that is what one household or host gets, with 2^64 addresses to choose from (RFC 6177, RFC 4291 section 2.5.4).
 *
 * @param address as it came; what is no address is a place of its own
 */
export function addressGroup(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(bare)) return bare;
  // A dotted end takes two groups, and never reaches into the first four unless `::` stands for none of them.
  const [head = '', tail] = bare.replace(/:\d+\.\d+\.\d+\.\d+$/, ':0:0').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
