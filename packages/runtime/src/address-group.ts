/** Groups client addresses for rate limits. */
import { isIPv6 } from 'node:net';

/**
 * IPv6 addresses are grouped by /64, because one host can choose among all 2^64 addresses in it (RFC 6177, RFC 4291 section 2.5.4).
 *
 * @param address anything that is not an IP address is a group of its own
 */
export function addressGroup(address: string): string {
  return addressGroups(address)[0];
}

/**
 * The networks that one party may control, the narrowest first: of IPv6 a /64, and the /56 and /48 that providers give to one customer
 * (RFC 6177, section 2); of IPv4 the address and its /24.
 */
export function addressGroups(address: string): [string, ...string[]] {
  const bare = address.replace(/%.*$/, '').toLowerCase();
  const v4 = /^(?:::ffff:)?((\d+\.\d+\.\d+)\.\d+)$/.exec(bare);
  if (v4?.[1] !== undefined) return [v4[1], `${v4[2]}.0/24`];
  if (!isIPv6(bare)) return [bare];
  // A dotted end is two groups, and never one of the first four.
  const [head = '', tail] = bare.replace(/:\d+\.\d+\.\d+\.\d+$/, ':0:0').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  const [a, b, c, d = '0'] = groups.map((group) => group.replace(/^0+(?=.)/, ''));
  const upper = (Number.parseInt(d, 16) & 0xff00).toString(16);
  return [`${a}:${b}:${c}:${d}::/64`, `${a}:${b}:${c}:${upper}::/56`, `${a}:${b}:${c}::/48`];
}
