/**
 * Looking into the certificate for browsers before it is used. A PKCS #12 file can ask for as many rounds of hashing as it likes, and
 * OpenSSL obeys without end: it is opened in a process of its own, which is ended where it takes too long.
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { CodedError } from '@landbridge/runtime';
import type { Config } from '../config/load.ts';
import { readServerCertificate } from '../frontchannel/server-certificate.ts';

/** A usual file takes some milliseconds; starting the process takes most of it. */
const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;
const READER = fileURLToPath(new URL('./pfx-reader.ts', import.meta.url));

/** What was found in a file once, by its bytes: pages ask again and again. */
let last: { key: string; certificate: X509Certificate } | undefined;

/** @returns the certificate in it. @throws CodedError PFX_UNUSABLE, with nothing of the passphrase */
export async function openPfx(pfx: Buffer, passphrase: string): Promise<X509Certificate> {
  const answer = await new Promise<string>((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', READER],
      { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_ANSWER_BYTES, env: {} },
      (error, stdout) =>
        error === null
          ? resolve(stdout)
          : reject(unusable('it cannot be read', 'It takes longer to open than any certificate should, or is damaged.')),
    );
    // A process that ended before it read everything is told by its exit.
    child.stdin?.on('error', () => {});
    child.stdin?.end(JSON.stringify({ pfx: pfx.toString('base64'), passphrase }));
  });
  if (answer.includes('-----BEGIN CERTIFICATE-----')) return new X509Certificate(answer);
  if (answer.trim() === 'passphrase') throw unusable('the passphrase does not open it', 'Type it as it was typed when the file was made.');
  throw unusable('it is not a PKCS #12 file with a certificate and its key', 'Export it anew, with the private key.');
}

/** @returns undefined where none is set. @throws CodedError PFX_UNUSABLE, SERVER_CERTIFICATE_UNUSABLE */
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

function unusable(what: string, action: string): CodedError {
  return new CodedError('PFX_UNUSABLE', `The certificate for browsers cannot be used: ${what}`, { action });
}
