/** Finds the connection of an e-mail address by its domain. */
import { canonicalDomain } from '../store/connection-settings.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

/** @returns the connection to which the domain of this address belongs, enabled or not */
export async function connectionOfEmail(store: Store, email: string): Promise<Connection | undefined> {
  const at = email.lastIndexOf('@');
  const domain = at > 0 ? canonicalDomain(email.slice(at + 1)) : undefined;
  if (domain === undefined) return undefined;
  return (await store.connections()).find(({ settings }) => settings.emailDomains.includes(domain));
}
