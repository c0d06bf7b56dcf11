/** Recognizes loopback addresses, whose traffic never leaves this machine. */

/** @param hostname as `URL.hostname` gives it: an IPv6 address in brackets */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase();
  // RFC 6761, section 6.3: `localhost` and its subdomains.
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}
