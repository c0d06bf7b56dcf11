/** Home realm discovery: selects the connection if an application has several. */
import { connectionOfEmail } from '../connections/email-domains.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

/**
 * @param possible the enabled connections of the application
 * @param hints of the application: the name of a connection (`connection`), or a user (`login_hint`)
 * @returns the connection; undefined if the user has to be asked
 */
export async function connectionByHints(
  store: Store,
  possible: readonly Connection[],
  hints: { connection?: string | undefined; loginHint?: string | undefined },
): Promise<Connection | undefined> {
  const named = possible.find(({ name }) => name === hints.connection);
  if (named !== undefined || possible.length === 1) return named ?? possible[0];
  return hints.loginHint === undefined ? undefined : connectionOfUser(store, possible, hints.loginHint);
}

/**
 * @param name as typed: an e-mail address, `DOMAIN\\user`, or a user name without a domain
 * @returns the connection with that domain; else the only connection without e-mail domains
 */
export async function connectionOfUser(store: Store, possible: readonly Connection[], name: string): Promise<Connection | undefined> {
  const [, domain, account] = /^([^\\]+)\\(.+)$/.exec(name) ?? [];
  const found = await connectionOfEmail(store, domain === undefined ? name : `${account}@${domain}`);
  if (found !== undefined) return possible.find(({ id }) => id === found.id);
  // Whoever is not offered is not found by name either.
  const named = listed(possible).find(({ name }) => name.toLowerCase() === domain?.toLowerCase());
  if (named !== undefined) return named;
  const [rest, ...others] = possible.filter(({ settings }) => settings.emailDomains.length === 0);
  return others.length === 0 ? rest : undefined;
}

/** Connections to choose from. */
export function listed(possible: readonly Connection[]): Connection[] {
  return possible.filter(({ settings }) => settings.listed);
}
