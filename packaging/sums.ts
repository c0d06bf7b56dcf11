/** `SHA256SUMS` of all packages, and its signatures. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from './run-tool.ts';

export interface SigningKeys {
  /** A file. The key has no password. */
  minisignKey: string | undefined;
  /** The id of a key in the key ring of GnuPG. */
  gpgKey: string | undefined;
}

/** Lists all files in the folder. */
export function writeSums(output: string): void {
  const lines = readdirSync(output)
    .sort()
    .map(
      (file) =>
        `${createHash('sha256')
          .update(readFileSync(join(output, file)))
          .digest('hex')}  ${file}\n`,
    );
  writeFileSync(join(output, 'SHA256SUMS'), lines.join(''));
}

/** Signs the sums, or warns that they are unsigned. */
export function signSums(output: string, { minisignKey, gpgKey }: SigningKeys): void {
  const sums = join(output, 'SHA256SUMS');
  // Without -W minisign would ask for a password; the trusted comment would contain the time.
  if (minisignKey !== undefined) runTool('minisign', ['-S', '-W', '-s', minisignKey, '-m', sums, '-t', 'Landbridge packages']);
  if (gpgKey !== undefined) runTool('gpg', ['--batch', '--yes', '--armor', '--detach-sign', '--local-user', gpgKey, sums]);
  if (minisignKey === undefined && gpgKey === undefined) console.warn('SHA256SUMS is not signed: no --minisign-key or --gpg-key was given');
}

/** Puts the public key into the package, so that its updates must be signed with the same key. */
export function pinPublicKey(programFolder: string, minisignKey: string): void {
  runTool('minisign', ['-R', '-f', '-s', minisignKey, '-p', join(programFolder, 'lib', 'update.pub')]);
}
