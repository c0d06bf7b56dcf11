/** Reads the authorities that may issue client certificates, and their revocation lists, from settings and files. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { CodedError, decodeText, filesIn, readTextFile } from '@landbridge/runtime';
import type { ConnectorSettings } from '../../config/settings.ts';
import { configuredCertificates, PEM_CERTIFICATE, parseCertificate, type TrustSettings } from '../../network/trust.ts';
import { trustedByThemselves, upToTheRoots } from './trust-anchors.ts';

export interface Authorities {
  /** PEM, without duplicates: the authorities whose client certificates are accepted. */
  certificates: string[];
  /** PEM: the trust anchors for OpenSSL. Chains that end at any other of them are rejected afterwards. */
  anchors: string[];
  /** Names of authorities whose certificates are rejected because no revocation list can be checked for them. */
  rootless: string[];
  /** PEM. If there are any, each authority of a chain needs a current one, or its certificates are rejected. */
  revocationLists: string[];
}

interface Found {
  lists: string[];
  certificates: string[];
}

const LIST = /-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g;
/** Large authorities have lists of several megabytes. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;

/**
 * @param options.given CLIENT_CERT_CA: PEM text or a file; undefined: `trusted`
 * @param options.trusted the authorities of CA_CERT, SSL_CA_FILE and SSL_CA_PATH, as replaced connectors use them
 * @param options.listPaths CLIENT_CERT_CRL: files or folders
 * @param options.folder that paths are relative to
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
  // CA_CERT serves other purposes too, so only its roots count, as in replaced connectors.
  return { certificates, revocationLists, anchors: given === undefined ? certificates : trustedByThemselves(certificates), rootless: [] };
}

/** As `readAuthorities`, from the settings. @throws CodedError CLIENT_CA_UNUSABLE, CLIENT_CRL_UNUSABLE, CA_UNUSABLE */
export function configuredAuthorities(
  settings: TrustSettings & Pick<ConnectorSettings, 'CLIENT_CERT_CA' | 'CLIENT_CERT_CRL'>,
  folder: string,
): Authorities {
  const { CLIENT_CERT_CA: given, CLIENT_CERT_CRL: listPaths } = settings;
  return readAuthorities({ given, trusted: configuredCertificates(settings), listPaths, folder });
}

function certificatesIn(given: string, folder: string): string[] {
  let text = given.replaceAll('\\n', '\n');
  if (!text.includes('-----BEGIN ')) {
    try {
      text = readTextFile(resolve(folder, given));
    } catch (cause) {
      throw unusableCa('neither PEM text nor a readable file', cause);
    }
  }
  const found = text.match(PEM_CERTIFICATE) ?? [];
  if (found.length === 0) throw unusableCa('no PEM certificate found');
  if (!found.every(parseCertificate)) throw unusableCa('it contains an unreadable certificate');
  return found;
}

/** A path without a list is an error: it would silently disable the revocation check. */
function listsAt(path: string): Found {
  const found = listsOf(path);
  if (found.lists.length === 0) throw unusableList(`no certificate revocation list in ${path}`);
  return found;
}

/** Also returns the certificates next to the lists: issuers that are needed to check a list but not trusted to issue client certificates. */
function listsOf(path: string): Found {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) {
      // Such folders may contain other files.
      const found = filesIn(path)
        .filter((file) => /\.(crl|pem|der)$/i.test(file))
        .map(listsOf);
      return { lists: found.flatMap(({ lists }) => lists), certificates: found.flatMap(({ certificates }) => certificates) };
    }
    if (stat.size > MAX_LIST_BYTES) throw new Error(`more than ${MAX_LIST_BYTES} bytes`);
    const bytes = readFileSync(path);
    const text = decodeText(bytes);
    if (text.includes('-----BEGIN ')) {
      return { lists: text.match(LIST) ?? [], certificates: (text.match(PEM_CERTIFICATE) ?? []).filter(parseCertificate) };
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
    throw unusableList('a file is not a valid certificate revocation list (PEM or DER)', cause);
  }
}

function unusableCa(what: string, cause?: unknown): CodedError {
  return new CodedError('CLIENT_CA_UNUSABLE', `CLIENT_CERT_CA: ${what}`, {
    action: 'Set it to the certificates of the authorities that issue client certificates.',
    cause,
  });
}

function unusableList(what: string, cause?: unknown): CodedError {
  return new CodedError('CLIENT_CRL_UNUSABLE', `CLIENT_CERT_CRL: ${what}`, {
    action: 'Provide the current revocation list of each authority; until then all client certificates are rejected.',
    cause,
  });
}
