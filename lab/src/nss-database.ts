/** An NSS database, in which Chromium and ns-slapd keep certificates and keys. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyPair } from './certificates.ts';

export interface NssDatabase {
  /** @param name must be unique; NSS gives all certificates of a subject the same name */
  add(name: string, pair: KeyPair): Promise<void>;
  remove(name: string): void;
}

const PROGRAMS = ['/usr/bin/certutil', '/usr/bin/pk12util'];

/** @returns the reason to skip tests that need it, or false. Always false with CI set, where they must run */
export function whyNoNss(): string | false {
  if (process.env.CI === 'true' || PROGRAMS.every((program) => existsSync(program))) return false;
  return `${PROGRAMS.join(' or ')} is not installed (Debian package libnss3-tools)`;
}

/** @param folder the program's folder; the first certificate creates the database, without a password */
export function nssDatabase(folder: string): NssDatabase {
  return {
    async add(name, pair) {
      if (!existsSync(join(folder, 'cert9.db'))) {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        run('certutil', ['-N', '-d', folder, '--empty-password']);
      }
      const [pem, p12] = [join(folder, 'pair.pem'), join(folder, 'pair.p12')];
      await writeFile(pem, pair.key + pair.cert, { mode: 0o600 });
      run('openssl', ['pkcs12', '-export', '-in', pem, '-out', p12, '-name', name, '-passout', 'pass:']);
      run('pk12util', ['-i', p12, '-d', folder, '-W', '', '-K', '']);
      await Promise.all([pem, p12].map((file) => rm(file)));
    },
    remove: (name) => run('certutil', ['-D', '-d', folder, '-n', name]),
  };
}

function run(command: string, args: string[]): void {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`, { cause: error });
}
