/** The trusted CAs: the system's, Node's own, and those in CA_CERT, SSL_CA_FILE and SSL_CA_PATH. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, matchesGlob } from 'node:path';
import { getCACertificates } from 'node:tls';
import { CodedError, filesIn, readTextFile } from '@landbridge/runtime';
import type { ConnectorSettings } from '../config/settings.ts';

export type TrustSettings = Pick<ConnectorSettings, 'CA_CERT' | 'SSL_CA_FILE' | 'SSL_CA_PATH'>;

export const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** OpenSSL's codes for an unknown issuer (listed by Node under "X.509 certificate error codes"). */
export const UNKNOWN_ISSUER_CODES: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

const DER_SEQUENCE = 0x30;
/** One line that cannot be PEM. */
const PATH = /^(?!.*-----)(?:\.{0,2}[\\/].*|[A-Za-z]:[\\/].*|.*\.(?:pem|crt|cer))$/i;

/**
 * With SSL_CA_PATH, SSL_CA_FILE may be a pattern for file names in the folder, as in replaced connectors. A pattern
 * without a folder selects among the system's certificates, which are trusted anyway.
 *
 * @returns the certificates (PEM) in the three settings, all readable
 * @throws CodedError CA_UNUSABLE, which names the setting whose text, file or folder cannot be read or contains no certificate
 */
export function configuredCertificates(settings: TrustSettings): string[] {
  const { SSL_CA_FILE: file, SSL_CA_PATH: folder } = settings;
  const found: string[] = [];
  for (const text of settings.CA_CERT) found.push(...certificatesIn(text, 'CA_CERT'));
  const isPattern = file !== undefined && !existsSync(file) && (folder !== undefined || isNamePattern(file));
  if (file !== undefined && !isPattern) found.push(...certificatesOfFile(file, 'SSL_CA_FILE'));
  if (folder !== undefined) found.push(...certificatesOfFolder(folder, isPattern ? file : undefined));
  return found;
}

/** A path has slashes and none of the characters that only patterns need. */
function isNamePattern(text: string): boolean {
  return !/[\\/]/.test(text.replaceAll('\\.', '.')) && /[+*?$^|()[\]]/.test(text);
}

/** A regular expression, as in replaced connectors. `*.pem` is not a valid one and is read as a shell pattern. @throws CodedError CA_UNUSABLE */
function nameTest(pattern: string): (name: string) => boolean {
  if (/^\*\.\w+$/.test(pattern)) return (name) => matchesGlob(name, pattern);
  try {
    const expression = new RegExp(pattern, process.platform === 'win32' ? 'i' : '');
    return (name) => expression.test(name);
  } catch (error) {
    throw unusable('SSL_CA_FILE', `${pattern} is neither a file nor a regular expression`, error);
  }
}

/**
 * Reading the system's certificates takes about 80 ms, so this is called for the first TLS connection and not before.
 *
 * @param configured from `configuredCertificates`
 * @returns all trusted certificates, for the `ca` of a TLS connection
 */
export function trustedCertificates(configured: readonly string[]): string[] {
  return [...new Set([...getCACertificates('bundled'), ...getCACertificates('system'), ...configured])];
}

/** @param text PEM or DER. @returns undefined if it is not a certificate */
export function parseCertificate(text: string | Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}

/** @param pattern for the file names; undefined matches every file */
function certificatesOfFolder(folder: string, pattern: string | undefined): string[] {
  const counts = pattern === undefined ? () => true : nameTest(pattern);
  let paths: string[];
  try {
    paths = filesIn(folder).filter((path) => counts(basename(path)));
  } catch (error) {
    throw unusable('SSL_CA_PATH', `the folder ${folder} cannot be read`, error);
  }
  const found = paths.flatMap((path) => certificatesOfFile(path, 'SSL_CA_PATH', true));
  const missing =
    pattern === undefined ? 'contains no PEM certificate' : `contains no PEM certificate whose name matches SSL_CA_FILE (${pattern})`;
  if (found.length === 0) throw unusable('SSL_CA_PATH', `the folder ${folder} ${missing}`);
  return found;
}

function certificatesOfFile(path: string, setting: string, mayHoldNone = false): string[] {
  let text: string;
  try {
    // Windows exports certificates as DER unless told otherwise.
    const bytes = readFileSync(path);
    const der = bytes[0] === DER_SEQUENCE ? parseCertificate(bytes) : undefined;
    text = der?.toString() ?? readTextFile(path);
  } catch (error) {
    throw unusable(setting, `the file ${path} cannot be read`, error);
  }
  return mayHoldNone && text.match(PEM_CERTIFICATE) === null ? [] : certificatesIn(text, setting, path);
}

function certificatesIn(text: string, setting: string, path = 'its text'): string[] {
  const certificates = text.match(PEM_CERTIFICATE) ?? [];
  if (setting === 'CA_CERT' && PATH.test(text)) throw unusable(setting, 'it is a path: put it into SSL_CA_FILE');
  if (certificates.length === 0) throw unusable(setting, `${path} contains no PEM certificate`);
  for (const certificate of certificates) {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      throw unusable(setting, `${path} contains an unreadable certificate`, error);
    }
  }
  return certificates;
}

function unusable(setting: string, what: string, cause?: unknown): CodedError {
  return new CodedError('CA_UNUSABLE', `${setting}: ${what}`, {
    action: `Put the certificate of the CA as PEM text there, or remove ${setting}.`,
    cause,
  });
}
