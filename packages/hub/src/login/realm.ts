/** Home-realm discovery: by which connection a person signs in, where an application can be used by people of several. */
import { connectionOfEmail } from '../connections/email-domains.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

/**
 * @param possible the connections that the application may use, switched on
 * @param hints what the application said: the name of a connection (`connection`), or who wants to sign in (`login_hint`)
 * @returns the connection; undefined where the person has to be asked
 */
export async function connectionByHints(
  store: Store,
  possible: readonly Connection[],
  hints: { connection?: string | undefined; loginHint?: string | undefined },
): Promise<Connection | undefined> {
  const named = possible.find(({ name }) => name === hints.connection);
  if (named !== undefined || possible.length === 1) return named ?? possible[0];
  return hints.loginHint === undefined ? undefined : connectionOfPerson(store, possible, hints.loginHint);
}

/**
 * @param name what a person typed: an e-mail address, or a name that says nothing about where they belong
 * @returns the connection that the domain leads to; else the one connection that no domain leads to, where there is just one
 */
export async function connectionOfPerson(store: Store, possible: readonly Connection[], name: string): Promise<Connection | undefined> {
  const found = await connectionOfEmail(store, name);
  if (found !== undefined) return possible.find(({ id }) => id === found.id);
  const [rest, ...others] = withoutDomains(possible);
  return others.length === 0 ? rest : undefined;
}

/** People of these can only be asked. Those of the others are never offered: who has no address there need not know that they exist. */
export function withoutDomains(possible: readonly Connection[]): Connection[] {
  return possible.filter(({ settings }) => settings.emailDomains.length === 0);
}
