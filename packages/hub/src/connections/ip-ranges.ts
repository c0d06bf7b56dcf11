/** Ranges of IP addresses in CIDR form (RFC 4632; RFC 4291, section 2.3): reading them in one spelling, and looking an address up. */
import { BlockList, isIP, isIPv4 } from 'node:net';

const V4_BITS = 32;
const V6_BITS = 128;
/** IPv4 addresses inside IPv6 are `::ffff:a.b.c.d` (RFC 4291, section 2.5.5.2). */
const MAPPED_BITS = 96;

/**
 * @param text `ADDRESS/PREFIX`, or one address
 * @returns the range in its one spelling: bits behind the prefix zero, IPv6 as RFC 5952 writes it, mapped IPv4 as IPv4; undefined
 *   where it is none
 */
export function canonicalRange(text: string): string | undefined {
  const [address = '', prefixText, ...rest] = text.trim().split('/');
  // A zone (`%eth0`) means something on one machine only.
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

/** @param ranges as `canonicalRange` gives them. @returns whether the address lies in one of them; false for what is no address */
export function isInRanges(address: string, ranges: readonly string[]): boolean {
  const [plain = ''] = address.split('%');
  if (isIP(plain) === 0) return false;
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', prefix] = range.split('/');
    list.addSubnet(network, Number(prefix), isIPv4(network) ? 'ipv4' : 'ipv6');
  }
  return list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
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

/** The URL standard serializes an IPv6 address as RFC 5952 does, with hexadecimal groups only. */
function shortened(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
