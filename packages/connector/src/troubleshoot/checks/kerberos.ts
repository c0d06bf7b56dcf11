/**
 * Kerberos: the keytab, or on Windows the account in its place; the account that has the service principal name; and whether the key is
 * that of today.
 */
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { type KeytabEntry, MAX_KEYTAB_BYTES, readKeytab } from '../../frontchannel/kerberos/keytab.ts';
import { firstText } from '../../ldap/entry.ts';
import { parseFilter, withValue } from '../../ldap/filter.ts';
import { serverUrlOf } from '../../setup/ticket.ts';
import { type Check, type CheckOutcome, fail, failedBy, pass, skipped, warn } from '../check.ts';
import type { Run } from '../run.ts';
import type { Searchable } from './directory.ts';

const BY_SPN = parseFilter('(servicePrincipalName={0})');
const AES: ReadonlySet<number> = new Set([17, 18, 19, 20]);
const ENCRYPTION_NAMES: Readonly<Record<number, string>> = {
  1: 'DES',
  3: 'DES',
  17: 'AES-128',
  18: 'AES-256',
  19: 'AES-128-SHA2',
  20: 'AES-256-SHA2',
  23: 'RC4',
};

export interface KerberosChecks {
  keytab: Check;
  /** Those that ask the directory. */
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
          `There is no keytab on Windows, which has the key of the account that the service runs as (this ran as ${userInfo().username}). "setspn -Q ${spn}" must name that account, and no other`,
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
            return skipped('only Active Directory knows service principal names');
          const attributes = ['sAMAccountName', 'msDS-KeyVersionNumber'];
          const found = (
            await directory.search({ searchBase: defaultSearchBase, scope: 'sub', filter: withValue(BY_SPN, spn), attributes }, { signal })
          ).entries;
          const [only] = found;
          if (only === undefined) return fail(`No account has the service principal name ${spn}`, `setspn -S ${spn} ACCOUNT`);
          if (found.length > 1)
            return fail(
              `${found.length} accounts have ${spn}, so Windows gives no ticket for it: ${found.map(({ dn }) => dn).join('; ')}`,
              `setspn -D ${spn} ACCOUNT, on all but one.`,
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
          if (isWindows) return skipped('Windows knows the version of its key');
          if (account?.keyVersion === undefined) return skipped('the directory does not show msDS-KeyVersionNumber');
          const versions = entries.filter((entry) => isFor(entry, spn)).map((entry) => entry.keyVersion);
          const newest = Math.max(...versions);
          // A version of 0 is that of a tool which did not know it; keys are then found by trying.
          if (versions.includes(account.keyVersion) || newest === 0)
            return pass(`Version ${account.keyVersion} of ${account.dn} is in the keytab`);
          return fail(
            `The keytab has version ${newest} of ${spn}, and ${account.dn} has version ${account.keyVersion}`,
            'Its password was set after the keytab was made: make the keytab anew.',
          );
        },
      };
      return [principal, keyVersion];
    },
  };
}

/** As a setting of the file or the environment, under this name. */
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
    if (!stats.isFile() || stats.size > MAX_KEYTAB_BYTES) return fail(`${path} is no keytab: it is no file, or too long`);
    bytes = readFileSync(path);
  } catch (error) {
    return fail(
      `${path} cannot be read: ${failedBy(error).found}`,
      'Correct KERBEROS_KEYTAB, or give the user of the service the right to read it.',
    );
  }
  const entries = readKeytab(bytes);
  if (entries === undefined) return fail(`${path} is no keytab`, 'Make it with ktpass, samba-tool domain exportkeytab or ktutil.');
  keep(entries);
  const principals = [...new Set(entries.map(({ principal }) => principal))];
  const shown = `${path} holds ${principals.map((principal) => describe(principal, entries)).join('; ') || 'no key'}`;
  const ours = entries.filter((entry) => isFor(entry, spn));
  if (ours.length === 0) return fail(`${shown}; and none for ${spn}`, `Make it for ${spn}, or correct SERVER_URL.`);
  if ((mode & 0o077) !== 0) return fail(`${shown}. Others than its owner can read it`, `chmod 600 ${path}`);
  if (!ours.some(({ encryptionType }) => AES.has(encryptionType)))
    return warn(
      `${shown}. There is no key for AES, and newer Windows gives tickets for AES only`,
      'Let the account support AES, set its password anew, and make the keytab anew.',
    );
  return pass(shown);
}

function describe(principal: string, entries: readonly KeytabEntry[]): string {
  const own = entries.filter((entry) => entry.principal === principal);
  const versions = [...new Set(own.map(({ keyVersion }) => keyVersion))].join(', ');
  const types = [...new Set(own.map(({ encryptionType }) => ENCRYPTION_NAMES[encryptionType] ?? `type ${encryptionType}`))].join(', ');
  return `${principal} (version ${versions}; ${types})`;
}

function isFor({ principal }: KeytabEntry, spn: string): boolean {
  return principal.toLowerCase().startsWith(`${spn.toLowerCase()}@`);
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
