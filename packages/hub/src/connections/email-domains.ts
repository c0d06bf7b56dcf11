/** Finds the connection of an e-mail address by its domain. */
import { canonicalDomain } from '../store/connection-settings.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

/** @returns the connection to which the domain of this address belongs, enabled or not */
export async function connectionOfEmail(store: Store, email: string): Promise<Connection | undefined> {
  const domain = domainOf(email);
  if (domain === undefined) return undefined;
  return (await store.connections()).find(({ settings }) => settings.emailDomains.includes(domain));
}

/**
 * @param name an e-mail address, or any other name
 * @returns false for an address outside the connection's domains, if it has any: its users may be another connection's
 */
export function speaksFor({ settings: { emailDomains } }: Pick<Connection, 'settings'>, name: string): boolean {
  if (emailDomains.length === 0 || !name.includes('@')) return true;
  const domain = domainOf(name);
  return domain !== undefined && emailDomains.includes(domain);
}

function domainOf(email: string): string | undefined {
  const at = email.lastIndexOf('@');
  return at > 0 ? canonicalDomain(email.slice(at + 1)) : undefined;
}
