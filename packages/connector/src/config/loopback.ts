/** Whether an address stays on this machine, where nobody can listen on the wire. */

/** @param hostname as `URL.hostname` gives it: an IPv6 address in brackets */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase();
  // RFC 6761, section 6.3: `localhost` and all below it.
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}
