/** Checks tickets with MIT Kerberos and a keytab: validates the keytab, and decides which of the library's answers count. */
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { CodedError, type Log } from '@landbridge/runtime';
import type { AcceptedContext, Acceptor } from './acceptor.ts';
import { MAX_KEYTAB_BYTES, readKeytab } from './keytab.ts';
import { type CredentialStore, loadMitKerberos, type MitKerberos } from './mit-kerberos.ts';
import { parsePrincipal } from './principal.ts';

const SERVICE = 'HTTP';
/**
 * The default of this machine and user. Set explicitly, because environment or krb5.conf could disable it: without a replay cache a stolen token
 * works for five more minutes.
 */
const REPLAY_CACHE = 'dfl:';

export interface GssapiOptions {
  keytab: string | undefined;
  log: Log;
  /** Replace those of this system. */
  libraries?: readonly string[];
}

/**
 * @param options.keytab the path of its file, which the library reads for each token: a new one takes effect at once
 * @throws CodedError KERBEROS_UNAVAILABLE, KERBEROS_KEYTAB_UNUSABLE
 */
export async function openGssapi({ keytab, log, libraries }: GssapiOptions): Promise<Acceptor> {
  const mit = await loadMitKerberos(libraries);
  const services = await readServices(keytab, log);
  const store = { keytab: `FILE:${services.keytab}`, rcache: REPLAY_CACHE };
  return {
    realms: services.realms,
    source: { keytab: services.keytab, principals: services.principals },
    accept: async (token) => acceptWithGssapi(mit, token, store),
  };
}

/** With any key of the keytab, so that no DNS lookup is needed. The caller checks the service. */
export function acceptWithGssapi(mit: MitKerberos, token: Buffer, store: CredentialStore): AcceptedContext {
  const accepted = mit.accept(token, store);
  if (accepted === undefined) throw new Error('the token only begins an exchange');
  const { client, service, isKerberos, isAnonymous, response } = accepted;
  if (!isKerberos) throw new Error('the library accepted a mechanism other than Kerberos');
  if (isAnonymous) throw new Error('the ticket is anonymous');
  return { principal: client, target: service, responseToken: response.length > 0 ? response : undefined };
}

/** Reads the principals and realms of the keytab. @throws CodedError KERBEROS_KEYTAB_UNUSABLE, at start instead of at each ticket */
export async function readServices(keytab: string | undefined, log: Log) {
  const unusable = (what: string, cause?: unknown) =>
    new CodedError('KERBEROS_KEYTAB_UNUSABLE', what, {
      action:
        'Export the key of the account that has the service principal name HTTP/ and the host of SERVER_URL (ktpass, samba-tool domain exportkeytab or ktutil), and name the file in KERBEROS_KEYTAB.',
      cause,
    });
  if (keytab === undefined) throw unusable('KERBEROS_KEYTAB is not set, so tickets cannot be checked');
  let bytes: Buffer;
  try {
    const stats = statSync(keytab);
    const { mode, size } = stats;
    // A pipe would block the process.
    if (!stats.isFile()) throw unusable(`${keytab} is not a file`);
    if (size > MAX_KEYTAB_BYTES) throw unusable(`${keytab} is too large for a keytab`);
    if ((mode & 0o077) !== 0)
      log.warn(`Users other than its owner can read ${keytab}, which lets them sign in as any user: chmod 600 ${keytab}`);
    bytes = await readFile(keytab);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw unusable(`${keytab} cannot be read`, error);
  }
  const entries = readKeytab(bytes);
  if (entries === undefined) throw unusable(`${keytab} is not a keytab`);
  const principals = [...new Set(entries.map(({ principal }) => principal))];
  const parsed = principals.flatMap((principal) => parsePrincipal(principal) ?? []);
  const realms = [...new Set(parsed.filter(({ components }) => components[0] === SERVICE).map(({ realm }) => realm))];
  if (realms.length === 0) throw unusable(`${keytab} has no key for HTTP/, only for ${principals.join(', ') || 'no principal'}`);
  return { keytab, principals, realms };
}
