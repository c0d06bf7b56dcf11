/** `export`: writes this connector's settings and keys to one file. */
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { CodedError } from '@landbridge/runtime';
import { loadConfig } from '../config/load.ts';
import { createExport } from '../transfer/export.ts';
import type { CommandContext } from './context.ts';
import { readPassphrase } from './passphrase.ts';

export interface ExportCommandOptions {
  plain?: boolean;
  passphraseFile?: string;
}

/** @throws CodedError EXPORT_NOT_WRITABLE; see also `createExport` and `readPassphrase` */
export async function exportTo({ home, environment }: CommandContext, path: string, options: ExportCommandOptions): Promise<void> {
  const config = loadConfig(home, environment);
  const passphrase = options.plain ? undefined : await readPassphrase(options.passphraseFile, { isNew: true });
  const { bytes, remarks } = await createExport(config, passphrase);
  writeNewFile(path, bytes);
  process.stdout.write(`Exported to ${path}\n`);
  for (const remark of remarks) process.stdout.write(`warning: ${remark}\n`);
  if (options.plain) {
    process.stdout.write(
      'warning: the file is not encrypted. Its private key lets anyone impersonate this connector and decrypt the password of its service account. Delete it after the import.\n',
    );
  }
}

/** Readable by the owner only; an existing file is never overwritten. */
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
  const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
  return new CodedError('EXPORT_NOT_WRITABLE', exists ? `${path} already exists` : `Cannot write ${path}`, {
    action: 'Choose another file.',
    cause,
  });
}
