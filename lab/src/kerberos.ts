/**
 * Kerberos for a test: the KDC of a Samba domain (`samba.ts`), service accounts with keytabs, and users with ticket caches. It ignores the
 * machine's Kerberos configuration.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadGssapi } from './gssapi.ts';
import { type SambaDomainController, whyNoSamba } from './samba.ts';

export interface KerberosRealm {
  /** Environment for all participating programs: the KDC, and a separate replay cache. */
  readonly environment: Readonly<Record<'KRB5_CONFIG' | 'KRB5RCACHEDIR', string>>;
  /** Creates an account with this service principal name (`HTTP/connector.…`, without a realm). */
  addService(account: string, servicePrincipalName: string): Promise<void>;
  /** Sets a new random password, which invalidates earlier keytabs. */
  setPassword(account: string): Promise<void>;
  /** Writes the current keys of these principals to a new file. @returns its path */
  keytab(...principals: string[]): Promise<string>;
  /** Gets a ticket-granting ticket with the password. @returns the path of a new credential cache, for `KRB5CCNAME` */
  signIn(account: string, password: string): Promise<string>;
  /** A browser's token for this service (`HTTP@connector.…`), valid once. */
  token(cache: string, service: string): Buffer;
  /** The path of a credential cache that does not exist. */
  readonly noTicket: string;
  /** Removes the files. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** AES-128 and AES-256 (MS-KILE, section 2.2.7). */
const AES_ONLY = '24';
const KINIT = '/usr/bin/kinit';

/** @returns the reason to skip tests that need it, or false. Always false with CI set, where they must run */
export function whyNoKerberos(): string | false {
  const why = whyNoSamba();
  if (why !== false || process.env.CI === 'true') return why;
  if (!existsSync(KINIT)) return `${KINIT} is not installed (Debian package krb5-user)`;
  try {
    loadGssapi();
    return false;
  } catch (error) {
    return `cannot load the library of MIT Kerberos (Debian package libgssapi-krb5-2): ${String(error)}`;
  }
}

export async function openKerberosRealm(dc: SambaDomainController): Promise<KerberosRealm> {
  const folder = await mkdtemp(join(tmpdir(), 'landbridge-kerberos-'));
  const replayFolder = join(folder, 'replay');
  await mkdir(replayFolder);
  const configFile = join(folder, 'krb5.conf');
  await writeFile(configFile, krb5Conf(dc));
  const environment = { KRB5_CONFIG: configFile, KRB5RCACHEDIR: replayFolder };
  const gssapi = loadGssapi();
  let files = 0;
  const nextFile = (kind: string) => join(folder, `${kind}-${files++}`);
  return {
    environment,
    noTicket: join(folder, 'no-ticket'),
    async addService(account, servicePrincipalName) {
      await dc.exec('samba-tool', ['user', 'create', account, '--random-password']);
      await dc.exec('samba-tool', ['spn', 'add', servicePrincipalName, account]);
      // Without this, Samba issues only RC4 tickets.
      await dc.modify([{ dn: `CN=${account},CN=Users,${dc.baseDn}`, attributes: { 'msDS-SupportedEncryptionTypes': [AES_ONLY] } }]);
    },
    async setPassword(account) {
      await dc.exec('samba-tool', ['user', 'setpassword', account, '--random-password']);
    },
    async keytab(...principals) {
      const file = nextFile('keytab');
      // Each call appends to the file.
      for (const principal of principals) await dc.exec('samba-tool', ['domain', 'exportkeytab', file, `--principal=${principal}`]);
      return file;
    },
    async signIn(account, password) {
      const cache = nextFile('cache');
      await run(KINIT, [`${account}@${dc.realm}`], { ...environment, KRB5CCNAME: cache }, `${password}\n`);
      return cache;
    },
    token(cache, service) {
      // The library reads this variable on every call, and has no other option for it.
      const before = process.env.KRB5_CONFIG;
      process.env.KRB5_CONFIG = configFile;
      try {
        return gssapi.initiate(cache, service);
      } finally {
        if (before === undefined) delete process.env.KRB5_CONFIG;
        else process.env.KRB5_CONFIG = before;
      }
    },
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function krb5Conf({ realm, dnsName, address }: SambaDomainController): string {
  return `[libdefaults]
default_realm = ${realm}
dns_lookup_realm = false
dns_lookup_kdc = false
dns_canonicalize_hostname = false
rdns = false
# Tickets of users in many groups do not fit into a datagram.
udp_preference_limit = 1
[realms]
${realm} = {
  kdc = ${address}:88
}
[domain_realm]
.${dnsName} = ${realm}
${dnsName} = ${realm}
`;
}

function run(program: string, args: string[], environment: Record<string, string>, input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { env: { ...process.env, ...environment } }, (error, _, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`${program} ${args.join(' ')} failed: ${stderr}`, { cause: error }));
    });
    child.stdin?.end(input);
  });
}
