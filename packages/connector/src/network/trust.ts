/** The trusted CAs: the system's, Node's own, and those in CA_CERT, SSL_CA_FILE and SSL_CA_PATH. */
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { CodedError } from '@landbridge/runtime';
import type { ConnectorSettings } from '../config/settings.ts';

export type TrustSettings = Pick<ConnectorSettings, 'CA_CERT' | 'SSL_CA_FILE' | 'SSL_CA_PATH'>;

export const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * @returns the certificates (PEM) in the three settings, all readable
 * @throws CodedError CA_UNUSABLE, which names the setting whose text, file or folder cannot be read or contains no certificate
 */
export function configuredCertificates(settings: TrustSettings): string[] {
  const found: string[] = [];
  for (const text of settings.CA_CERT) found.push(...certificatesIn(text, 'CA_CERT'));
  if (settings.SSL_CA_FILE !== undefined) found.push(...certificatesOfFile(settings.SSL_CA_FILE, 'SSL_CA_FILE'));
  if (settings.SSL_CA_PATH !== undefined) found.push(...certificatesOfFolder(settings.SSL_CA_PATH));
  return found;
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

function certificatesOfFolder(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder, { withFileTypes: true })
      // A folder made by `openssl rehash` contains links to its own files.
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    throw unusable('SSL_CA_PATH', `the folder ${folder} cannot be read`, error);
  }
  const found = names.flatMap((name) => certificatesOfFile(join(folder, name), 'SSL_CA_PATH', true));
  if (found.length === 0) throw unusable('SSL_CA_PATH', `the folder ${folder} contains no PEM certificate`);
  return found;
}

function certificatesOfFile(path: string, setting: string, mayHoldNone = false): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    throw unusable(setting, `the file ${path} cannot be read`, error);
  }
  return mayHoldNone && text.match(PEM_CERTIFICATE) === null ? [] : certificatesIn(text, setting, path);
}

function certificatesIn(text: string, setting: string, path = 'its text'): string[] {
  const certificates = text.match(PEM_CERTIFICATE) ?? [];
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
