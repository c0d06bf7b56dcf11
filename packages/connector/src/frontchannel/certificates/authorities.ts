/** Whose client certificates are taken, and which of them are revoked: certificates and revocation lists from settings and files. */
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { CodedError } from '@landbridge/runtime';
import { trustedByThemselves, upToTheRoots } from './trust-anchors.ts';

export interface Authorities {
  /** PEM, each once: whose certificates are taken. */
  certificates: string[];
  /** PEM: the same as OpenSSL needs them to check chains. What it trusts beside them is not taken. */
  anchors: string[];
  /** Names of those for whose certificates no revocation list can be checked: they are refused. */
  rootless: string[];
  /** PEM. With any, each authority of a chain needs one that is current, or its certificates are refused. */
  revocationLists: string[];
}

interface Found {
  lists: string[];
  certificates: string[];
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const LIST = /-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g;
/** Large authorities have lists of some megabytes. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;

/**
 * @param given CLIENT_CERT_CA: PEM text, or the path of a file; undefined: `trusted`
 * @param trusted the authorities of CA_CERT, SSL_CA_FILE and SSL_CA_PATH, which installed connectors use
 * @param listPaths CLIENT_CERT_CRL: files or folders
 * @param folder paths are relative to it
 * @throws CodedError CLIENT_CA_UNUSABLE, CLIENT_CRL_UNUSABLE
 */
export function readAuthorities(options: {
  given: string | undefined;
  trusted: readonly string[];
  listPaths: readonly string[];
  folder: string;
}): Authorities {
  const { given, trusted, listPaths, folder } = options;
  const certificates = [...new Set(given === undefined ? trusted : certificatesIn(given, folder))];
  const found = listPaths.map((path) => listsAt(resolve(folder, path)));
  const revocationLists = found.flatMap(({ lists }) => lists);
  if (revocationLists.length > 0) assertLists(revocationLists);
  if (revocationLists.length > 0) {
    return { certificates, revocationLists, ...upToTheRoots(certificates, [...new Set(found.flatMap((one) => one.certificates))]) };
  }
  // What stands in CA_CERT was put there for something else: there only roots count, as in installed connectors.
  return { certificates, revocationLists, anchors: given === undefined ? certificates : trustedByThemselves(certificates), rootless: [] };
}

function certificatesIn(given: string, folder: string): string[] {
  let text = given.replaceAll('\\n', '\n');
  if (!text.includes('-----BEGIN ')) {
    try {
      text = readFileSync(resolve(folder, given), 'latin1');
    } catch (cause) {
      throw unusableCa('it is neither PEM text nor a file that can be read', cause);
    }
  }
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length === 0) throw unusableCa('it holds no PEM certificate');
  if (!found.every(isReadable)) throw unusableCa('it holds a certificate that cannot be read');
  return found;
}

function isReadable(certificate: string): boolean {
  try {
    return new X509Certificate(certificate).raw.length > 0;
  } catch {
    return false;
  }
}

/** A path that leads to no list would else be as if nobody wanted revocation to be checked. */
function listsAt(path: string): Found {
  const found = listsOf(path);
  if (found.lists.length === 0) throw unusableList(`${path} holds no certificate revocation list`);
  return found;
}

/** With the certificates that stand beside them: of authorities that nobody trusts for people, and that have to be known to check a list. */
function listsOf(path: string): Found {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) {
      const files = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile() && !entry.name.startsWith('.'));
      // Folders of authorities hold other files as well.
      const found = files
        .map(({ name }) => join(path, name))
        .filter((file) => /\.(crl|pem|der)$/i.test(file))
        .sort()
        .map(listsOf);
      return { lists: found.flatMap(({ lists }) => lists), certificates: found.flatMap(({ certificates }) => certificates) };
    }
    if (stat.size > MAX_LIST_BYTES) throw new Error(`it has more than ${MAX_LIST_BYTES} bytes`);
    const bytes = readFileSync(path);
    const text = bytes.toString('latin1');
    if (text.includes('-----BEGIN ')) {
      return { lists: text.match(LIST) ?? [], certificates: (text.match(CERTIFICATE) ?? []).filter(isReadable) };
    }
    const pem = `-----BEGIN X509 CRL-----\n${bytes.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END X509 CRL-----`;
    return { lists: [pem], certificates: [] };
  } catch (cause) {
    throw unusableList(`${path} cannot be read`, cause);
  }
}

function assertLists(lists: string[]): void {
  try {
    createSecureContext({ crl: lists });
  } catch (cause) {
    throw unusableList('a file is not a certificate revocation list (PEM or DER)', cause);
  }
}

function unusableCa(what: string, cause?: unknown): CodedError {
  return new CodedError('CLIENT_CA_UNUSABLE', `CLIENT_CERT_CA: ${what}`, {
    action: 'Put the certificates of the authorities there that issue client certificates.',
    cause,
  });
}

function unusableList(what: string, cause?: unknown): CodedError {
  return new CodedError('CLIENT_CRL_UNUSABLE', `CLIENT_CERT_CRL: ${what}`, {
    action: 'Put the current revocation list of each authority there; until then no client certificate is taken.',
    cause,
  });
}
