/**
 * The hub's own certificate: read from two files, checked before it is used, and taken up again when the files change, without a
 * restart and without ending a socket.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { CodedError, errorText, type Log } from '@landbridge/runtime';

export interface TlsFiles {
  /** PEM: the certificate, and behind it those that lead to its authority. */
  certFile: string;
  /** PEM, not encrypted. */
  keyFile: string;
}

export interface Certificate {
  /** PEM. */
  cert: string;
  key: string;
  /** What this one is told from others by. */
  fingerprint: string;
  validTo: Date;
}

/** TLS 1.0 and 1.1 are not to be used any more (RFC 8996). */
export const TLS_OPTIONS = { minVersion: 'TLSv1.2' } as const;

/** Renewals come weeks ahead; a minute is soon enough. */
const CHECK_INTERVAL_MS = 60_000;
const DAY_MS = 24 * 60 * 60_000;

/**
 * @throws CodedError TLS_FILE_UNREADABLE, TLS_CERTIFICATE_INVALID, TLS_KEY_INVALID, TLS_KEY_MISMATCH, TLS_CERTIFICATE_EXPIRED; no
 *   message holds what is in the files
 */
export function readCertificate({ certFile, keyFile }: TlsFiles, now: Date = new Date()): Certificate {
  const [cert, key] = [readFile('TLS_CERT_FILE', certFile), readFile('TLS_KEY_FILE', keyFile)];
  const certificate = parseCertificate(cert, certFile);
  if (!certificate.checkPrivateKey(parseKey(key, keyFile))) {
    throw new CodedError('TLS_KEY_MISMATCH', `The key in ${keyFile} is not that of the first certificate in ${certFile}`, {
      action: 'Put both from the same issue there; the certificate of the hub stands first, those of authorities behind it.',
    });
  }
  const validTo = certificate.validToDate;
  if (validTo <= now) {
    throw new CodedError('TLS_CERTIFICATE_EXPIRED', `The certificate in ${certFile} expired at ${validTo.toISOString()}`, {
      action: 'Put a renewed one there: connectors and browsers trust no other.',
    });
  }
  try {
    // Also the rest of the chain has to be readable.
    createSecureContext({ cert, key, ...TLS_OPTIONS });
  } catch (cause) {
    throw invalidCertificate(certFile, cause);
  }
  return { cert, key, fingerprint: certificate.fingerprint256, validTo };
}

export interface CertificateWatch {
  /** The one in use. */
  current(): Certificate;
  /** Looks at the files now. */
  check(): void;
  stop(): void;
}

/**
 * Reads the files now and each minute. What cannot be used is logged, once, and the one before stays in use.
 * @param use called with each new certificate
 * @throws as `readCertificate`, for the first
 */
export function watchCertificate(parts: {
  files: TlsFiles;
  warningDays: number;
  log: Log;
  use: (certificate: Certificate) => void;
  now?: () => Date;
}): CertificateWatch {
  const { files, warningDays, log, use, now = () => new Date() } = parts;
  let current = readCertificate(files, now());
  let lastProblem: string | undefined;
  let warnedAtMs = 0;
  use(current);
  if (!isPrivate(files.keyFile)) log.warn({ file: files.keyFile }, 'Every account of this machine may read the key of the certificate');

  function warnOfExpiry(): void {
    const days = Math.floor((current.validTo.getTime() - now().getTime()) / DAY_MS);
    if (days >= warningDays || now().getTime() - warnedAtMs < DAY_MS) return;
    warnedAtMs = now().getTime();
    const about = { file: files.certFile, validTo: current.validTo, days };
    if (days < 0) log.error(about, 'The certificate has expired: connectors and browsers no longer trust the hub');
    else log.warn(about, `The certificate expires in ${days} days`);
  }

  function check(): void {
    try {
      const found = readCertificate(files, now());
      lastProblem = undefined;
      if (found.fingerprint !== current.fingerprint || found.cert !== current.cert || found.key !== current.key) {
        use(found);
        current = found;
        log.info({ file: files.certFile, validTo: found.validTo }, 'The renewed certificate is in use');
      }
    } catch (error) {
      const problem = errorText(error);
      // Files that are being replaced do not fit each other for a moment; the next look finds them whole.
      if (problem !== lastProblem) log.error({ err: error }, 'The certificate files changed and cannot be used; the one before stays');
      lastProblem = problem;
    }
    warnOfExpiry();
  }

  warnOfExpiry();
  const timer = setInterval(check, CHECK_INTERVAL_MS);
  timer.unref();
  return { current: () => current, check, stop: () => clearInterval(timer) };
}

function readFile(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CodedError('TLS_FILE_UNREADABLE', `${setting}: ${path} cannot be read`, {
      cause,
      action: 'Correct the path, or give the account that runs the hub the right to read the file and its folders.',
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
  return new CodedError('TLS_CERTIFICATE_INVALID', `${path} does not hold certificates as PEM`, {
    cause,
    action: 'It has to begin with "-----BEGIN CERTIFICATE-----"; convert other forms with openssl.',
  });
}

function parseKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const encrypted = pem.includes('ENCRYPTED');
    throw new CodedError('TLS_KEY_INVALID', `${path} ${encrypted ? 'holds an encrypted key' : 'does not hold a private key as PEM'}`, {
      cause,
      action: encrypted ? 'Decrypt it (openssl pkey), and let only the account of the hub read it.' : 'Put the key of TLS_CERT_FILE there.',
    });
  }
}

function isPrivate(path: string): boolean {
  return process.platform === 'win32' || (statSync(path).mode & 0o004) === 0;
}
