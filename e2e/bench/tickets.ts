/** Browser tokens from Kerberos tickets, and the floor of verifying them: the bare library call. */
import { type KerberosRealm, loadGssapi, type SambaDomainController } from '@landbridge/lab';

export interface Tickets {
  /** Creates headers for the connector, each valid once. @param accounts used in turn */
  headers(count: number): Promise<string[]>;
  /** Verifies one with the library. @throws if it is rejected */
  accept(header: string): Promise<void>;
}

/** @param accounts users, who get the domain's default password; the service's `keytab` already exists */
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
  // For its replay cache.
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
