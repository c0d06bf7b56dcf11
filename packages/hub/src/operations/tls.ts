/** The hub's own certificate: read from two files, checked before use, and read again when they change, without a restart. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { CodedError, type FileWatch, type Log, readTextFile, watchFiles } from '@landbridge/runtime';
import { TLS_DEFAULTS } from '@landbridge/web';

interface TlsFiles {
  /** PEM: the certificate, then its intermediates. */
  certFile: string;
  /** Unencrypted PEM. */
  keyFile: string;
}

export interface Certificate {
  /** PEM. */
  cert: string;
  key: string;
  fingerprint: string;
  validTo: Date;
}

const DAY_MS = 24 * 60 * 60_000;

/**
 * @throws CodedError TLS_FILE_UNREADABLE, TLS_CERTIFICATE_INVALID, TLS_KEY_INVALID, TLS_KEY_MISMATCH, TLS_CERTIFICATE_EXPIRED; no
 *   message quotes the files
 */
export function readCertificate({ certFile, keyFile }: TlsFiles, now: Date = new Date()): Certificate {
  const [cert, key] = [readFile('TLS_CERT_FILE', certFile), readFile('TLS_KEY_FILE', keyFile)];
  const certificate = parseCertificate(cert, certFile);
  if (!certificate.checkPrivateKey(parseKey(key, keyFile))) {
    throw new CodedError('TLS_KEY_MISMATCH', `The key in ${keyFile} does not match the first certificate in ${certFile}`, {
      action: 'Install a matching pair. In the certificate file, the certificate of the hub comes first, then its intermediates.',
    });
  }
  const validTo = certificate.validToDate;
  if (validTo <= now) {
    throw new CodedError('TLS_CERTIFICATE_EXPIRED', `The certificate in ${certFile} expired at ${validTo.toISOString()}`, {
      action: 'Renew it: connectors and browsers reject expired certificates.',
    });
  }
  try {
    // Fails if another certificate of the chain is damaged.
    createSecureContext({ cert, key, ...TLS_DEFAULTS });
  } catch (cause) {
    throw invalidCertificate(certFile, cause);
  }
  return { cert, key, fingerprint: certificate.fingerprint256, validTo };
}

/**
 * Reads the files now and every minute.
 *
 * @param use called with each new certificate
 * @throws as `readCertificate`, for the first
 */
export function watchCertificate(parts: {
  files: TlsFiles;
  warningDays: number;
  log: Log;
  use: (certificate: Certificate) => void;
  now?: () => Date;
}): FileWatch<Certificate> {
  const { files, warningDays, log, use, now = () => new Date() } = parts;
  let warnedAtMs = 0;

  function warnOfExpiry({ validTo }: Certificate): void {
    const days = Math.floor((validTo.getTime() - now().getTime()) / DAY_MS);
    if (days >= warningDays || now().getTime() - warnedAtMs < DAY_MS) return;
    warnedAtMs = now().getTime();
    const about = { file: files.certFile, validTo, days };
    if (days < 0) log.error(about, 'The certificate has expired: connectors and browsers no longer trust the hub');
    else log.warn(about, `The certificate expires in ${days} days`);
  }

  const what = 'the TLS certificate';
  const watch = watchFiles({ what, read: () => readCertificate(files, now()), use, onChecked: warnOfExpiry, log });
  if (!isPrivate(files.keyFile)) log.warn({ file: files.keyFile }, 'All users of this machine can read the key of the certificate');
  return watch;
}

function readFile(setting: string, path: string): string {
  try {
    return readTextFile(path);
  } catch (cause) {
    throw new CodedError('TLS_FILE_UNREADABLE', `${setting}: ${path} cannot be read`, {
      cause,
      action: 'Correct the path, or let the account that runs the hub read the file and its folders.',
    });
  }
}

function parseCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw invalidCertificate(path, cause);
  }
}

function invalidCertificate(path: string, cause: unknown): CodedError {
  return new CodedError('TLS_CERTIFICATE_INVALID', `${path} is not a PEM certificate`, {
    cause,
    action: 'It has to begin with "-----BEGIN CERTIFICATE-----". Convert other formats with openssl.',
  });
}

function parseKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const encrypted = pem.includes('ENCRYPTED');
    throw new CodedError('TLS_KEY_INVALID', `${path} ${encrypted ? 'is an encrypted key' : 'is not a PEM private key'}`, {
      cause,
      action: encrypted
        ? 'Decrypt it (openssl pkey), and let only the account of the hub read it.'
        : 'Set the private key of TLS_CERT_FILE.',
    });
  }
}

function isPrivate(path: string): boolean {
  return process.platform === 'win32' || (statSync(path).mode & 0o004) === 0;
}
