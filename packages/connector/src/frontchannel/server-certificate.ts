/** The server certificate for browsers, from settings and the files that they name. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { CodedError, errorCodeOf, readTextFile } from '@landbridge/runtime';
import type { ConnectorSettings } from '../config/settings.ts';

type ServerCertificateSettings = Pick<ConnectorSettings, 'SSL_PFX' | 'SSL_KEY_PASSWORD' | 'SSL_CERT' | 'SSL_KEY'>;

/** For `tls.createSecureContext`. */
export type ServerCertificate = { pfx: Buffer; passphrase: string } | { cert: string; key: string; passphrase: string };

/**
 * @param folder the connector's home, which paths are relative to
 * @returns undefined if it is not set
 * @throws CodedError SERVER_CERTIFICATE_UNUSABLE, which names the setting but does not quote it
 */
export function readServerCertificate(settings: ServerCertificateSettings, folder: string): ServerCertificate | undefined {
  const { SSL_PFX, SSL_CERT, SSL_KEY, SSL_KEY_PASSWORD: passphrase = '' } = settings;
  if (SSL_PFX !== undefined) {
    // Buffer would ignore invalid characters.
    if (!/^[A-Za-z0-9+/\s]+=*\s*$/.test(SSL_PFX)) throw unusable('SSL_PFX is not base64');
    return usable({ pfx: Buffer.from(SSL_PFX, 'base64'), passphrase }, 'SSL_PFX');
  }
  if (SSL_CERT === undefined && SSL_KEY === undefined) return undefined;
  if (SSL_CERT === undefined || SSL_KEY === undefined) throw unusable('SSL_CERT and SSL_KEY must be set together');
  const cert = textOf(SSL_CERT, folder, 'SSL_CERT');
  const key = textOf(SSL_KEY, folder, 'SSL_KEY');
  return usable({ cert, key, passphrase }, 'SSL_CERT');
}

function usable<T extends ServerCertificate>(certificate: T, setting: string): T {
  let isPair = true;
  try {
    createSecureContext(certificate);
    if ('cert' in certificate) {
      const key = createPrivateKey({ key: certificate.key, passphrase: certificate.passphrase });
      isPair = new X509Certificate(certificate.cert).checkPrivateKey(key);
    }
  } catch (error) {
    // OpenSSL's messages for a wrong password are cryptic.
    const isPassword = error instanceof Error && /mac verify|bad decrypt/i.test(error.message);
    const missing = 'SSL_KEY_PASSWORD is missing (Auth0 connectors since 7.0 keep it in the key store of the operating system)';
    const reason = isPassword ? (certificate.passphrase === '' ? missing : 'SSL_KEY_PASSWORD is wrong') : undefined;
    throw unusable(`${setting}: ${reason ?? 'unreadable'}`, errorCodeOf(error));
  }
  if (!isPair) throw unusable('SSL_KEY does not match the first certificate in SSL_CERT');
  return certificate;
}

/** PEM text, possibly with `\n` for line breaks as in environment variables, or a file path. */
function textOf(given: string, folder: string, setting: string): string {
  if (given.includes('-----BEGIN ')) return given.replaceAll('\\n', '\n');
  try {
    return readTextFile(resolve(folder, given));
  } catch (error) {
    // Do not quote it: it may be a key instead of a path.
    throw unusable(`${setting} is neither PEM text nor a readable file`, errorCodeOf(error));
  }
}

function unusable(what: string, cause?: unknown): CodedError {
  return new CodedError('SERVER_CERTIFICATE_UNUSABLE', `Cannot use the certificate for browsers: ${what}`, {
    action: 'Set SSL_PFX (PKCS #12 as base64, with SSL_KEY_PASSWORD), or SSL_CERT and SSL_KEY (PEM).',
    cause,
  });
}
