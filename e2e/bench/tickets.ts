/** Tokens as browsers make them of a ticket, and the floor of checking them: the call of the library, with nothing around it. */
import { type KerberosRealm, loadGssapi, type SambaDomainController } from '@landbridge/lab';

export interface Tickets {
  /** So many headers for the connector, each of which counts once. @param accounts by turns */
  headers(count: number): Promise<string[]>;
  /** What the library does with one. @throws where it is not taken */
  accept(header: string): Promise<void>;
}

/** @param accounts of people, who get the domain's usual password; of the service, `keytab` is already there */
export async function openTickets(options: {
  dc: SambaDomainController;
  realm: KerberosRealm;
  accounts: readonly string[];
  service: { host: string; keytab: string };
}): Promise<Tickets> {
  const { dc, realm, accounts, service } = options;
  const caches: string[] = [];
  for (const account of accounts) {
    await dc.exec('samba-tool', ['user', 'create', account, dc.password]);
    caches.push(await realm.signIn(account, dc.password));
  }
  const { accept } = loadGssapi();
  // Where its replay cache is.
  Object.assign(process.env, realm.environment);
  return {
    async headers(count) {
      return Array.from({ length: count }, (_, n) => {
        const token = realm.token(caches[n % caches.length] ?? realm.noTicket, `HTTP@${service.host}`);
        return `Negotiate ${token.toString('base64')}`;
      });
    },
    async accept(header) {
      accept(Buffer.from(header.slice('Negotiate '.length), 'base64'), service.keytab);
    },
  };
}
