/** `export`: this connector in one file, encrypted unless told otherwise. */
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { CodedError } from '@landbridge/runtime';
import { loadConfig } from '../config/load.ts';
import { createExport } from '../transfer/export.ts';
import { readPassphrase } from './passphrase.ts';
import type { CommandContext } from './program.ts';

export interface ExportCommandOptions {
  plain?: boolean;
  passphraseFile?: string;
}

/** @throws CodedError EXPORT_NOT_WRITABLE, and those of `createExport` and `readPassphrase` */
export async function exportTo({ home, environment }: CommandContext, path: string, options: ExportCommandOptions): Promise<void> {
  const config = loadConfig(home, environment);
  const passphrase = options.plain ? undefined : await readPassphrase(options.passphraseFile, { isNew: true });
  const { bytes, remarks } = await createExport(config, passphrase);
  writeNewFile(path, bytes);
  process.stdout.write(`Exported to ${path}\n`);
  for (const remark of remarks) process.stdout.write(`warning: ${remark}\n`);
  if (options.plain) {
    process.stdout.write(
      'warning: this file is not encrypted and holds the private key: whoever has it can pose as this connector and read the password of its service account. Delete it once it is imported.\n',
    );
  }
}

/** Nobody else may read it, and nothing is overwritten. */
function writeNewFile(path: string, bytes: Buffer): void {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (cause) {
    throw notWritable(path, cause);
  }
  try {
    writeFileSync(file, bytes);
    fsyncSync(file);
    closeSync(file);
  } catch (cause) {
    rmSync(path, { force: true });
    throw notWritable(path, cause);
  }
}

function notWritable(path: string, cause: unknown): CodedError {
  const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
  return new CodedError('EXPORT_NOT_WRITABLE', isThere ? `${path} is there already` : `${path} cannot be written`, {
    action: 'Choose another file.',
    cause,
  });
}
