/** IP ranges in CIDR notation (RFC 4632; RFC 4291, section 2.3): normalizing them, and looking up an address. */
import { BlockList, isIP, isIPv4 } from 'node:net';

const V4_BITS = 32;
const V6_BITS = 128;
/** IPv4-mapped IPv6 addresses are `::ffff:a.b.c.d` (RFC 4291, section 2.5.5.2). */
const MAPPED_BITS = 96;

/**
 * @param text `ADDRESS/PREFIX`, or one address
 * @returns the range in canonical form: host bits cleared, IPv6 as in RFC 5952, IPv4-mapped ranges as IPv4; undefined if it is invalid
 */
export function canonicalRange(text: string): string | undefined {
  const [address = '', prefixText, ...rest] = text.trim().split('/');
  // A zone (`%eth0`) is only meaningful on one machine.
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || rest.length > 0) return undefined;
  const bits = family === 4 ? V4_BITS : V6_BITS;
  if (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) return undefined;
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  if (prefix > bits) return undefined;
  const bytes = (family === 4 ? address.split('.').map(Number) : bytesOfV6(address)).map((byte, index) => byte & maskOf(prefix, index));
  if (family === 6 && prefix >= MAPPED_BITS && bytes.slice(0, 12).join() === MAPPED_PREFIX) {
    return `${bytes.slice(12).join('.')}/${prefix - MAPPED_BITS}`;
  }
  return `${family === 4 ? bytes.join('.') : textOfV6(bytes)}/${prefix}`;
}

export interface IpRanges {
  /** False for anything that is not an address. */
  has(address: string): boolean;
}

/** @param ranges valid ranges or addresses */
export function createIpRanges(ranges: readonly string[]): IpRanges {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', prefix] = range.split('/');
    const family = isIPv4(network) ? 'ipv4' : 'ipv6';
    if (prefix === undefined) list.addAddress(network, family);
    else list.addSubnet(network, Number(prefix), family);
  }
  return {
    has(address) {
      const [plain = ''] = address.split('%');
      return ranges.length > 0 && isIP(plain) !== 0 && list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
    },
  };
}

const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255].join();

/** The byte of a netmask. */
function maskOf(prefix: number, index: number): number {
  const bits = Math.min(8, Math.max(0, prefix - 8 * index));
  return (0xff << (8 - bits)) & 0xff;
}

function bytesOfV6(address: string): number[] {
  const [head = '', tail] = shortened(address).split('::');
  const groupsOf = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const zeros = Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

function textOfV6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, n) => (((bytes[2 * n] ?? 0) << 8) | (bytes[2 * n + 1] ?? 0)).toString(16));
  return shortened(groups.join(':'));
}

/** The URL standard serializes IPv6 addresses as in RFC 5952, always in hexadecimal groups. */
function shortened(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
