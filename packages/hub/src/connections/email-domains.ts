/** The domains of e-mail addresses, by which a person is led to a connection. */
import { domainToASCII } from 'node:url';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

/** RFC 1035, section 2.3.4. */
const MAX_DOMAIN_LENGTH = 253;
const NOT_IN_HOST = /[\s/?#:@\\%[\]]/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * @param text with or without an @ before it; with letters of any language (IDNA, UTS 46)
 * @returns the domain in lower-case ASCII; undefined where it is none, or has no dot: a top-level domain is nobody's
 */
export function canonicalDomain(text: string): string | undefined {
  const typed = text.trim().replace(/^@/, '');
  // `domainToASCII` reads a URL's host, and leaves out what may follow one.
  const domain = NOT_IN_HOST.test(typed) ? '' : domainToASCII(typed);
  const labels = domain.split('.');
  const isDomain = labels.length >= 2 && domain.length <= MAX_DOMAIN_LENGTH && labels.every((label) => LABEL.test(label));
  // The last label of a domain is never a number (RFC 3696, section 2): that is an IP address.
  return isDomain && !/^\d+$/.test(labels.at(-1) ?? '') ? domain : undefined;
}

/** @returns the connection to which the domain of this address leads, switched on or not; undefined where there is none */
export async function connectionOfEmail(store: Store, email: string): Promise<Connection | undefined> {
  const at = email.lastIndexOf('@');
  const domain = at > 0 ? canonicalDomain(email.slice(at + 1)) : undefined;
  if (domain === undefined) return undefined;
  return (await store.connections()).find(({ settings }) => settings.emailDomains.includes(domain));
}
