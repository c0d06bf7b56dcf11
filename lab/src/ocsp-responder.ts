/**
 * A real OCSP responder for tests: `openssl ocsp` as a child process. It can also answer offline, so that a test can replay an answer in
 * the wrong place.
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { spawnBound } from './bound-process.ts';
import type { CertificateAuthority, KeyPair } from './certificates.ts';

export interface OcspResponder {
  /** `http://127.0.0.1:…`, the address in certificates. */
  readonly url: string;
  /** Sets the status of a certificate; without one, the responder answers `unknown`. */
  tell(certificate: KeyPair | CertificateAuthority, status: 'good' | 'revoked'): Promise<void>;
  /**
   * @param request DER
   * @returns its answer to this request (DER)
   */
  answerTo(request: Buffer): Promise<Buffer>;
  /** A request for a certificate as OpenSSL makes it, without a nonce. */
  requestFor(certificate: KeyPair): Promise<Buffer>;
  /** SIGKILL: the address no longer answers. */
  kill(): Promise<void>;
  /** Stops the responder and removes its files. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface OcspResponderOptions {
  /** Signs instead of the authority. */
  signer?: KeyPair;
  /** Lifetime of answers; by default they have none. */
  minutes?: number;
  /** Omits the signer's certificate. */
  noCertificates?: boolean;
}

const OPENSSL = '/usr/bin/openssl';

/** @returns the reason to skip tests that need it, or false. Always false with CI set, where they must run */
export function whyNoOcspResponder(): string | false {
  return existsSync(OPENSSL) || process.env.CI === 'true' ? false : `${OPENSSL} is not installed (Debian package openssl)`;
}

/** @param authority the issuer of the certificates. The process dies with this one. */
export async function startOcspResponder(authority: CertificateAuthority, options: OcspResponderOptions = {}): Promise<OcspResponder> {
  const { signer = authority, minutes, noCertificates = false } = options;
  const folder = await mkdtemp(join(tmpdir(), 'landbridge-ocsp-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const file = (name: string) => join(folder, name);
  const statuses = new Map<string, string>();
  const writeIndex = async () => {
    await writeFile(file('index.new'), [...statuses.values()].join(''));
    await rename(file('index.new'), file('index'));
  };
  await Promise.all([
    writeFile(file('authority.pem'), authority.cert),
    writeFile(file('signer.pem'), signer.cert),
    writeFile(file('signer.key'), signer.key, { mode: 0o600 }),
    // Without this file, OpenSSL complains every time.
    writeFile(file('index.attr'), 'unique_subject = no\n'),
    writeIndex(),
  ]);
  const signing = [
    ...['-index', file('index'), '-CA', file('authority.pem'), '-rsigner', file('signer.pem'), '-rkey', file('signer.key')],
    ...(minutes === undefined ? [] : ['-nmin', String(minutes)]),
    ...(noCertificates ? ['-resp_no_certs'] : []),
  ];
  const child = spawnBound(OPENSSL, ['ocsp', '-port', '0', ...signing], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  const port = await new Promise<number>((resolve, reject) => {
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) throw new TypeError('stdio must be a pipe');
      createInterface({ input: stream }).on('line', (line) => {
        said = `${said}${line}\n`.slice(-2000);
        const found = /^ACCEPT .*:(\d+) /.exec(line)?.[1];
        if (found !== undefined) resolve(Number(found));
      });
    }
    child.once('error', reject).once('exit', () => reject(new Error(`openssl ocsp did not start: ${said}`)));
  });

  let files = 0;
  const openssl = (...args: string[]) => promisify(execFile)(OPENSSL, ['ocsp', ...args]);
  const requestFor = async ({ cert }: { cert: string }): Promise<Buffer> => {
    const [certificate, asked] = [file(`${files}.pem`), file(`${files++}.request`)];
    await writeFile(certificate, cert);
    await openssl('-issuer', file('authority.pem'), '-cert', certificate, '-no_nonce', '-reqout', asked);
    return readFile(asked);
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    async tell({ cert }, status) {
      const { serialNumber, subject, validToDate } = new X509Certificate(cert);
      const revoked = status === 'revoked' ? utcTime(new Date(Date.now() - 60_000)) : '';
      const name = subject.split('\n').join('/');
      statuses.set(
        serialNumber,
        `${status === 'revoked' ? 'R' : 'V'}\t${utcTime(validToDate)}\t${revoked}\t${serialNumber}\tunknown\t/${name}\n`,
      );
      await writeIndex();
      // OpenSSL checks for a new index before it waits for a request, and it is waiting already: this request gets an answer from the old
      // index. It must be valid, because OpenSSL exits on an invalid request.
      const answer = await fetch(url, { method: 'POST', body: new Uint8Array(await requestFor({ cert })) });
      await answer.arrayBuffer();
    },
    async answerTo(request) {
      const [asked, answered] = [file(`${files}.request`), file(`${files++}.answer`)];
      await writeFile(asked, request);
      await openssl(...signing, '-reqin', asked, '-respout', answered);
      return readFile(answered);
    },
    requestFor,
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      process.off('exit', remove);
      remove();
    },
  };
}

/** YYMMDDHHMMSSZ */
function utcTime(date: Date): string {
  return `${date.toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`;
}
