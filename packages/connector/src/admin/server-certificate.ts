/**
 * Reads an uploaded certificate before it is used. A PKCS #12 file sets its own number of hash iterations, which OpenSSL does not limit, so it is
 * opened in a process of its own with a time limit.
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { CodedError } from '@landbridge/runtime';
import type { Config } from '../config/load.ts';
import { readServerCertificate } from '../frontchannel/server-certificate.ts';

/** Usual files take milliseconds, most of it to start the process. */
const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;
const READER = fileURLToPath(new URL('./pfx-reader.ts', import.meta.url));

/** Cached by content, because pages read it again and again. */
let last: { key: string; certificate: X509Certificate } | undefined;

const BROWSERS = 'the certificate for browsers';

/** @param what for messages. @throws CodedError PFX_UNUSABLE, which does not quote the passphrase */
export async function openPfx(pfx: Buffer, passphrase: string, what = BROWSERS): Promise<X509Certificate> {
  const answer = await new Promise<string>((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', READER],
      { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_ANSWER_BYTES, env: {} },
      (error, stdout) =>
        error === null
          ? resolve(stdout)
          : reject(unusable(what, 'it cannot be read', 'It is damaged, or takes too long to open. Export it again.')),
    );
    // The exit reports a process that ended before it read everything.
    child.stdin?.on('error', () => {});
    child.stdin?.end(JSON.stringify({ pfx: pfx.toString('base64'), passphrase }));
  });
  if (answer.includes('-----BEGIN CERTIFICATE-----')) return new X509Certificate(answer);
  if (answer.trim() === 'passphrase') throw unusable(what, 'wrong passphrase', 'Enter the passphrase that the file was exported with.');
  throw unusable(what, 'it is not a PKCS #12 file with a certificate and its key', 'Export it again with its private key.');
}

/** @returns undefined if none is set. @throws CodedError PFX_UNUSABLE, SERVER_CERTIFICATE_UNUSABLE */
export async function browserCertificate({ values, home }: Config): Promise<X509Certificate | undefined> {
  const { SSL_PFX, SSL_KEY_PASSWORD = '', SSL_CERT } = values;
  if (SSL_PFX !== undefined) {
    const key = `${SSL_PFX} ${SSL_KEY_PASSWORD}`;
    if (last?.key !== key) last = { key, certificate: await openPfx(Buffer.from(SSL_PFX, 'base64'), SSL_KEY_PASSWORD) };
    return last.certificate;
  }
  if (SSL_CERT === undefined) return undefined;
  const found = readServerCertificate(values, home.folder);
  return found !== undefined && 'cert' in found ? new X509Certificate(found.cert) : undefined;
}

function unusable(what: string, why: string, action: string): CodedError {
  return new CodedError('PFX_UNUSABLE', `Cannot use ${what}: ${why}`, { action });
}
