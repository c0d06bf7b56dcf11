/** `import`: shows what an export would change, asks, and applies it. `--undo` reverts the last import. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { CodedError, printable, requireConfirmation } from '@landbridge/runtime';
import { loadConfig } from '../config/load.ts';
import type { SettingChange } from '../transfer/differences.ts';
import { applyImport, type ImportSummary, readImport, undoImport } from '../transfer/import.ts';
import { findInstalledConnectors } from '../transfer/installed-connector.ts';
import { MAX_ZIP_BYTES } from '../transfer/read-zip.ts';
import { isSealed } from '../transfer/sealed-file.ts';
import type { CommandContext } from './context.ts';
import { openLog } from './open-log.ts';
import { readPassphrase } from './passphrase.ts';
import { block } from './terminal-text.ts';

export interface ImportOptions {
  yes?: boolean;
  anyway?: boolean;
  passphraseFile?: string;
  undo?: boolean;
}

const WHEN_APPLIED = 'A running connector applies this on SIGHUP or restart.\n';
const SHOWN_CHARACTERS = 120;

/**
 * @returns the exit code: 1 if nothing was applied, because of problems
 * @throws CodedError IMPORT_INPUT; see also `readImport`, `applyImport`, `undoImport`, `requireConfirmation` and `readPassphrase`
 */
export async function importFrom({ home, environment }: CommandContext, path: string | undefined, options: ImportOptions): Promise<number> {
  const config = loadConfig(home, environment);
  if (options.undo) {
    if (!options.yes) await requireConfirmation('Restore the files from before the last import? Changes since then are lost.');
    const since = undoImport(config);
    process.stdout.write(`Restored the files from before ${since.toISOString()}. ${WHEN_APPLIED}`);
    return 0;
  }
  if (path === undefined) {
    const [found] = findInstalledConnectors();
    throw new CodedError('IMPORT_INPUT', 'No file or folder to import', {
      action: `Name ${found === undefined ? 'a file, or the folder of an installed Auth0 connector' : `the installed Auth0 connector that was found here: ${found}`}, or use --undo.`,
    });
  }
  const source = readImportSource(path);
  const passphrase =
    typeof source !== 'string' && isSealed(source) ? await readPassphrase(options.passphraseFile, { isNew: false }) : undefined;
  // The summary reports errors of the mapper as problems.
  const { log } = openLog({ values: { ...config.values, LOG_LEVEL: 'error' } });
  const read = await readImport({ source, passphrase, config, environment, log });
  process.stdout.write(summaryText(read.summary));
  if (read.summary.problems.length > 0 && !options.anyway) {
    process.stdout.write('Nothing changed. Fix the problems or apply anyway with --anyway.\n');
    return 1;
  }
  if (!options.yes) await requireConfirmation('Apply this?');
  applyImport(config, read, { force: options.anyway === true });
  process.stdout.write(`Imported. ${WHEN_APPLIED}To revert: landbridge-connector import --undo --home ${home}\n`);
  return 0;
}

/** @returns the content of a file, or the absolute path of a folder. @throws CodedError IMPORT_INPUT */
export function readImportSource(path: string): Buffer | string {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return resolve(path);
    const { size } = stat;
    if (size > MAX_ZIP_BYTES * 2) throw new CodedError('IMPORT_INPUT', `${path} is too large to be an export`);
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('IMPORT_INPUT', `Cannot read ${path}`, { action: 'Check the path.', cause });
  }
}

function summaryText({ settings, certificate, mapper, problems, warnings }: ImportSummary): string {
  const thumbprints = `${certificate.thumbprintBefore ?? 'none'} -> ${certificate.thumbprintAfter ?? 'none'}`;
  return [
    block('Settings', settings.length === 0 ? ['(unchanged)'] : settings.map(settingLine)),
    block('Certificate', [
      certificate.change === 'other' || certificate.change === 'new' ? `${certificate.change}: ${thumbprints}` : certificate.change,
    ]),
    block('Profile mapper', [mapper.change, ...(mapper.change === 'same' ? [] : mapper.firstLines.map((line) => `| ${printable(line)}`))]),
    ...warnings.map((warning) => `warning: ${printable(warning)}\n`),
    ...problems.map((problem) => `problem: ${printable(problem)}\n`),
  ].join('');
}

function settingLine({ name, change, before, after, hidden }: SettingChange): string {
  const head = `${change.padEnd(7)}  ${printable(name)}`;
  if (hidden !== undefined) return `${head}  [${hidden}]`;
  const values = [before, after].filter((value) => value !== undefined).map(shown);
  return `${head}  ${values.join(' -> ')}`;
}

function shown(value: unknown): string {
  const text = printable(JSON.stringify(value));
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)` : text;
}
