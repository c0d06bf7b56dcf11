/** `troubleshoot`: runs all checks and shows what to fix. `--export` writes a zip file for support. */
import { resolve } from 'node:path';
import { CodedError, printable, requireConfirmation, writePrivateFile } from '@landbridge/runtime';
import { exportPackage } from '../troubleshoot/export.ts';
import { isWell, resultLines, summary } from '../troubleshoot/report.ts';
import { createTroubleshooter } from '../troubleshoot/troubleshooter.ts';
import { CONNECTOR_VERSION } from '../version.ts';
import type { CommandContext } from './context.ts';

export interface TroubleshootCommandOptions {
  user?: string;
  json?: boolean;
  export?: string;
  yes?: boolean;
}

/**
 * @returns the exit code: 1 if a check failed
 * @throws CodedError as `requireConfirmation`, LOG_UNREADABLE, EXPORT_NOT_WRITABLE
 */
export async function troubleshoot({ home, environment }: CommandContext, options: TroubleshootCommandOptions): Promise<number> {
  const results = await createTroubleshooter().run({
    home,
    environment,
    userName: options.user,
    onResult: (result) => {
      if (!options.json) for (const line of resultLines(result)) process.stdout.write(`${printable(line)}\n`);
    },
  });
  process.stdout.write(options.json ? `${JSON.stringify(results, null, 2)}\n` : `\n${summary(results)}\n`);
  if (options.export !== undefined) {
    const made = exportPackage({ home, environment, version: CONNECTOR_VERSION, results });
    const file = resolve(options.export);
    process.stderr.write(`\n${file} will contain:\n`);
    for (const { name, bytes, what } of made.contents) process.stderr.write(`  ${name} (${bytes} bytes): ${what}\n`);
    if (!options.yes) await requireConfirmation('Write it?');
    write(file, made.zip());
    process.stderr.write(`Wrote ${file}\n`);
  }
  return isWell(results) ? 0 : 1;
}

function write(file: string, content: Uint8Array): void {
  try {
    writePrivateFile(file, content);
  } catch (cause) {
    throw new CodedError('EXPORT_NOT_WRITABLE', `Cannot write ${file}`, {
      cause,
      action: 'Choose a path that this user may write to.',
    });
  }
}
