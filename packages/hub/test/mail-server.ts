/** A real mail server for tests (aiosmtpd), which prints what it accepts. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acceptsConnections, createCertificateAuthority, freePort, spawnBound } from '@landbridge/lab';

/** @returns the reason to skip tests that need it, or false. Always false with CI set, where they must run */
export function whyNoMailServer(): string | false {
  return existsSync('/usr/lib/python3/dist-packages/aiosmtpd/__init__.py') || process.env.CI === 'true'
    ? false
    : 'aiosmtpd is not installed (Debian package python3-aiosmtpd)';
}

export interface MailServer extends AsyncDisposable {
  readonly port: number;
  /** PEM file with the authority of its certificate. */
  readonly caFile: string;
  /** Everything that it accepted so far: headers and text. */
  received(): string;
  /** Resolves when it has printed a whole message, which happens after it accepted it. */
  untilReceived(): Promise<string>;
}

/** @param tls `smtps`: from the first byte. `starttls`: required before any mail */
export async function startMailServer(tls: 'smtps' | 'starttls'): Promise<MailServer> {
  const folder = await mkdtemp(join(tmpdir(), 'landbridge-mail-'));
  const file = (name: string) => join(folder, name);
  const authority = await createCertificateAuthority('Mail CA');
  const { cert, key } = await authority.issue({ commonName: 'mail', ips: ['127.0.0.1'], dnsNames: ['localhost'] });
  await Promise.all([writeFile(file('ca'), authority.cert), writeFile(file('cert'), cert), writeFile(file('key'), key, { mode: 0o600 })]);
  const port = await freePort();
  const [certOption, keyOption] = tls === 'smtps' ? ['--smtpscert', '--smtpskey'] : ['--tlscert', '--tlskey'];
  const server = spawnBound(
    '/usr/bin/python3',
    // Python's aiosmtpd needs `-u`, or its prints arrive when it ends.
    [
      '-u',
      '-m',
      'aiosmtpd',
      '-n',
      '-l',
      `127.0.0.1:${port}`,
      certOption,
      file('cert'),
      keyOption,
      file('key'),
      '-c',
      'aiosmtpd.handlers.Debugging',
      'stdout',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH } },
  );
  let [text, errors] = ['', ''];
  server.stdout?.on('data', (chunk) => {
    text += String(chunk);
  });
  server.stderr?.on('data', (chunk) => {
    errors += String(chunk);
  });
  for (let n = 0; !(await acceptsConnections(port)); n++) {
    if (n > 300 || server.exitCode !== null) throw new Error(`aiosmtpd did not start: ${errors}`);
    await delay(50);
  }
  return {
    port,
    caFile: file('ca'),
    received: () => text,
    async untilReceived() {
      for (let n = 0; !text.includes('END MESSAGE'); n++) {
        if (n > 200) throw new Error(`aiosmtpd printed no message: ${text}${errors}`);
        await delay(50);
      }
      return text;
    },
    async [Symbol.asyncDispose]() {
      server.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
