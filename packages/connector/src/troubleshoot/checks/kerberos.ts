/**
 * Kerberos: the keytab, or on Windows the service's account; the account with the service principal name; and whether the key is current.
 */
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { encryptionName, type KeytabEntry, MAX_KEYTAB_BYTES, readKeytab } from '../../frontchannel/kerberos/keytab.ts';
import { firstText } from '../../ldap/entry.ts';
import { parseFilter, withValue } from '../../ldap/filter.ts';
import { serverUrlOf } from '../../setup/ticket.ts';
import { type Check, type CheckOutcome, fail, failedBy, pass, skipped, warn } from '../check.ts';
import type { Run } from '../run.ts';
import type { Searchable } from './directory.ts';

const BY_SPN = parseFilter('(servicePrincipalName={0})');
const AES: ReadonlySet<number> = new Set([17, 18, 19, 20]);

export interface KerberosChecks {
  keytab: Check;
  /** The checks that need the directory. */
  inDirectory(searchable: Searchable): Check[];
}

export function kerberosChecks(run: Run): KerberosChecks {
  const { values } = run.config;
  const spn = `HTTP/${new URL(serverUrlOf(values)).hostname}`;
  const off = values.KERBEROS_AUTH ? undefined : 'KERBEROS_AUTH is off';
  const isWindows = run.platform === 'win32';
  let entries: KeytabEntry[] = [];
  let account: { dn: string; keyVersion: number | undefined } | undefined;

  const keytab: Check = {
    id: 'kerberos-keytab',
    run() {
      if (off !== undefined) return skipped(off);
      if (isWindows)
        return pass(
          `Windows uses the key of the service’s account instead of a keytab (this command runs as ${userInfo().username}). "setspn -Q ${spn}" must list that account and no other`,
        );
      const path = keytabPath(run);
      if (path === undefined) return skipped('KERBEROS_KEYTAB is not set');
      return lookAtKeytab(path, spn, (read) => {
        entries = read;
      });
    },
  };
  return {
    keytab,
    inDirectory({ needsAny, open }) {
      const principal: Check = {
        id: 'kerberos-spn',
        target: spn,
        needsAny,
        async run(signal) {
          if (off !== undefined) return skipped(off);
          const directory = await open();
          const { kind, defaultSearchBase } = await directory.rootDse(signal);
          if (kind !== 'active-directory' || defaultSearchBase === undefined)
            return skipped('only Active Directory has service principal names');
          const attributes = ['sAMAccountName', 'msDS-KeyVersionNumber'];
          const found = (
            await directory.search({ searchBase: defaultSearchBase, scope: 'sub', filter: withValue(BY_SPN, spn), attributes }, { signal })
          ).entries;
          const [only] = found;
          if (only === undefined) return fail(`No account has the service principal name ${spn}`, `Run setspn -S ${spn} ACCOUNT.`);
          if (found.length > 1)
            return fail(
              `${found.length} accounts have ${spn}, so no ticket is issued for it: ${found.map(({ dn }) => dn).join('; ')}`,
              `Run setspn -D ${spn} ACCOUNT for all but one.`,
            );
          account = { dn: only.dn, keyVersion: numberOf(firstText(only, 'msDS-KeyVersionNumber')) };
          return pass(`${only.dn} has ${spn}`);
        },
      };
      const keyVersion: Check = {
        id: 'kerberos-key-version',
        target: spn,
        needs: [keytab, principal],
        run() {
          if (isWindows) return skipped('Windows manages its key');
          if (account?.keyVersion === undefined) return skipped('the directory does not show msDS-KeyVersionNumber');
          const versions = entries.filter((entry) => isFor(entry, spn)).map((entry) => entry.keyVersion);
          const newest = Math.max(...versions);
          // Some tools write version 0; the library then tries each key.
          if (versions.includes(account.keyVersion) || newest === 0)
            return pass(`Version ${account.keyVersion} of ${account.dn} is in the keytab`);
          return fail(
            `The keytab has version ${newest} of ${spn}, and ${account.dn} has version ${account.keyVersion}`,
            'The account’s password is newer than the keytab: make a new keytab.',
          );
        },
      };
      return [principal, keyVersion];
    },
  };
}

function keytabPath({ config, environment }: Run): string | undefined {
  const given = environment.KERBEROS_KEYTAB ?? config.file.KERBEROS_KEYTAB;
  return typeof given === 'string' && given !== '' ? resolve(config.home.folder, given) : undefined;
}

function lookAtKeytab(path: string, spn: string, keep: (entries: KeytabEntry[]) => void): CheckOutcome {
  let bytes: Buffer;
  let mode: number;
  try {
    const stats = statSync(path);
    mode = stats.mode;
    if (!stats.isFile() || stats.size > MAX_KEYTAB_BYTES) return fail(`${path} is not a keytab: not a file, or too large`);
    bytes = readFileSync(path);
  } catch (error) {
    return fail(
      `${path} cannot be read: ${failedBy(error).found}`,
      'Correct KERBEROS_KEYTAB, or give the service’s account permission to read it.',
    );
  }
  const entries = readKeytab(bytes);
  if (entries === undefined) return fail(`${path} is not a keytab`, 'Make it with ktpass, samba-tool domain exportkeytab or ktutil.');
  keep(entries);
  const principals = [...new Set(entries.map(({ principal }) => principal))];
  const shown = `${path} holds ${principals.map((principal) => describe(principal, entries)).join('; ') || 'no key'}`;
  const ours = entries.filter((entry) => isFor(entry, spn));
  if (ours.length === 0) return fail(`${shown}, but no key for ${spn}`, `Make a keytab for ${spn}, or correct SERVER_URL.`);
  if ((mode & 0o077) !== 0) return fail(`${shown}. Accounts other than its owner can read it`, `chmod 600 ${path}`);
  if (!ours.some(({ encryptionType }) => AES.has(encryptionType)))
    return warn(
      `${shown}. It has no AES key, and newer Windows issues AES tickets only`,
      'Enable AES for the account, set its password again, and make a new keytab.',
    );
  return pass(shown);
}

function describe(principal: string, entries: readonly KeytabEntry[]): string {
  const own = entries.filter((entry) => entry.principal === principal);
  const versions = [...new Set(own.map(({ keyVersion }) => keyVersion))].join(', ');
  const types = [...new Set(own.map(encryptionName))].join(', ');
  return `${principal} (version ${versions}; ${types})`;
}

function isFor({ principal }: KeytabEntry, spn: string): boolean {
  return principal.toLowerCase().startsWith(`${spn.toLowerCase()}@`);
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
