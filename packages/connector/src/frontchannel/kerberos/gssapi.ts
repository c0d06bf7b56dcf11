/**
 * MIT Kerberos as the one that checks tickets, with a keytab: which keytab, whose people are taken, and what of the library's answers is
 * accepted.
 */
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { CodedError, type Log } from '@landbridge/runtime';
import type { AcceptedContext, Acceptor } from './acceptor.ts';
import { MAX_KEYTAB_BYTES, readKeytab } from './keytab.ts';
import { type CredentialStore, loadMitKerberos, type MitKerberos } from './mit-kerberos.ts';
import { parsePrincipal } from './principal.ts';

const SERVICE = 'HTTP';
/**
 * The default one of this machine and user. Named, so that nothing else counts: without a replay cache whoever sees a token can use it for
 * five minutes more.
 */
const REPLAY_CACHE = 'dfl:';

export interface GssapiOptions {
  keytab: string | undefined;
  log: Log;
  /** In place of this system's. */
  libraries?: readonly string[];
}

/**
 * @param keytab the path of its file, which is read anew for each token: a new one counts at once
 * @throws KERBEROS_UNAVAILABLE, KERBEROS_KEYTAB_UNUSABLE
 */
export async function openGssapi({ keytab, log, libraries }: GssapiOptions): Promise<Acceptor> {
  const mit = await loadMitKerberos(libraries);
  const services = await servicesOf(keytab, log);
  const store = { keytab: `FILE:${services.keytab}`, rcache: REPLAY_CACHE };
  return {
    realms: services.realms,
    source: { keytab: services.keytab, principals: services.principals },
    accept: async (token) => acceptWithGssapi(mit, token, store),
  };
}

/** Any key of the keytab will do, without a question to the DNS for a name. Which service it was is checked afterwards. */
export function acceptWithGssapi(mit: MitKerberos, token: Buffer, store: CredentialStore): AcceptedContext {
  const accepted = mit.accept(token, store);
  if (accepted === undefined) throw new Error('The token is only the beginning of an exchange');
  const { client, service, isKerberos, isAnonymous, response } = accepted;
  if (!isKerberos) throw new Error('The library accepted something else than Kerberos');
  if (isAnonymous) throw new Error('The library accepted somebody without a name');
  return { principal: client, target: service, responseToken: response.length > 0 ? response : undefined };
}

/** What the keytab is for. @throws KERBEROS_KEYTAB_UNUSABLE: better at the start than at each ticket */
async function servicesOf(keytab: string | undefined, log: Log) {
  const unusable = (what: string, cause?: unknown) =>
    new CodedError('KERBEROS_KEYTAB_UNUSABLE', what, {
      action:
        'Export the key of the account that has the service principal name HTTP/ and the host of SERVER_URL (ktpass, samba-tool domain exportkeytab or ktutil), and name the file in KERBEROS_KEYTAB.',
      cause,
    });
  if (keytab === undefined) throw unusable('KERBEROS_KEYTAB is not set, and without a keytab no ticket can be checked');
  let bytes: Buffer;
  try {
    const stats = statSync(keytab);
    const { mode, size } = stats;
    // A pipe would stop the process, now and at each ticket.
    if (!stats.isFile()) throw unusable(`${keytab} is not a file`);
    if (size > MAX_KEYTAB_BYTES) throw unusable(`${keytab} is too long for a keytab`);
    if ((mode & 0o077) !== 0)
      log.warn(`${keytab} can be read by others than its owner, who can then sign in as anybody: chmod 600 ${keytab}`);
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
  if (realms.length === 0) throw unusable(`${keytab} has no key of a web server, only of ${principals.join(', ') || 'nobody'}`);
  return { keytab, principals, realms };
}
