/**
 * Imports an export of a replaced connector (either layout) or of ours, encrypted or not. It is read first, to show what would change,
 * and then applied as a whole or not at all.
 */

import { CodedError, decodeText, type Log } from '@landbridge/runtime';
import { type FileContent, parseConfig } from '../config/config-file.ts';
import { type HomeFiles, readHomeFiles, readLastGood, replaceHomeFiles } from '../config/home-files.ts';
import { assertHasFiles, type Config, type Environment, withFiles } from '../config/load.ts';
import { profileMapperSource } from '../config/profile-mapper-source.ts';
import { firstStartChanges } from '../config/take-over.ts';
import { configWarnings } from '../config/warnings.ts';
import { filterWarnings, problemsOfFiles, problemText } from '../setup/problems-of-files.ts';
import { assertLoads } from '../users/mapper/profile-mapper.ts';
import {
  type CertificateChange,
  certificateChange,
  type MapperChange,
  mapperChange,
  type SettingChange,
  settingChanges,
} from './differences.ts';
import { readInstalledFiles } from './installed-connector.ts';
import { readZip } from './read-zip.ts';
import { isSealed, unseal } from './sealed-file.ts';

const LAYOUTS = [
  { layout: 'data', settings: 'data/config.json', mapper: 'data/profileMapper/custom.js', certs: ['data/certs', 'certs'] },
  { layout: 'root', settings: 'config.json', mapper: 'lib/profileMapper.js', certs: ['certs', 'data/certs'] },
] as const;
const certificateName = (folder: string) => `${folder}/cert.pem`;
const keyName = (folder: string) => `${folder}/cert.key`;
const NAMES: ReadonlySet<string> = new Set(
  LAYOUTS.flatMap(({ settings, mapper, certs }) => [
    settings,
    mapper,
    ...certs.flatMap((folder) => [certificateName(folder), keyName(folder)]),
  ]),
);

/** Settings are at most lists. Deeper nesting could exhaust the stack. */
const MAX_DEPTH = 10;

/** What an import would do. Contains no secrets. */
export interface ImportSummary {
  encrypted: boolean;
  layout: 'root' | 'data';
  settings: SettingChange[];
  certificate: CertificateChange;
  mapper: MapperChange;
  /** Reasons why the connector would not work. With any, the import must be forced. */
  problems: string[];
  warnings: string[];
}

export interface Import {
  summary: ImportSummary;
  /** What would be written, secrets included. */
  files: HomeFiles;
}

/**
 * Reads an export, or the folder of an installed connector, without writing anything.
 *
 * @param source the content of a file, or the path of a folder
 * @param config of the importing connector
 * @param passphrase of an encrypted export
 * @throws CodedError IMPORT_UNREADABLE, IMPORT_REFUSED, IMPORT_INCOMPLETE, IMPORT_PASSPHRASE, CONFIG_NOT_JSON, CONFIG_ENVIRONMENT_ONLY,
 *   HOME_FILES_UNREADABLE
 */
export async function readImport(options: {
  source: Buffer | string;
  passphrase?: string | undefined;
  config: Config;
  environment: Environment;
  log: Log;
}): Promise<Import> {
  const { source, config, environment } = options;
  assertHasFiles(config);
  const encrypted = typeof source !== 'string' && isSealed(source);
  const zip = encrypted ? await unseal(source, passphraseOf(options.passphrase)) : source;
  const { files: found, ignored } =
    typeof zip === 'string' ? { files: readInstalledFiles(zip, NAMES), ignored: [] } : await readZip(zip, NAMES);
  const layout = LAYOUTS.find(({ settings }) => found.has(settings));
  if (layout === undefined) throw incomplete('it has neither config.json nor data/config.json');
  const brought = certificateIn(found, layout.certs);
  const before = readHomeFiles(config.home);
  const mapper = textIn(found, layout.mapper);
  const settings = settingsIn(found, layout.settings);
  // Since 7.0, the file takes precedence over these settings.
  const isFirst = layout.layout === 'data' && mapper !== undefined;
  const files: HomeFiles = {
    settings: isFirst ? without(settings, ['PROFILE_MAPPER', 'PROFILE_MAPPER_FILE']) : settings,
    mapper,
    certificate: brought ?? before.certificate,
  };
  const candidate = withFiles({ ...config, home: { ...config.home, layout: layout.layout } }, files, environment);
  return {
    files,
    summary: {
      encrypted,
      layout: layout.layout,
      settings: settingChanges(before.settings, files.settings),
      certificate: certificateChange(before.certificate, files.certificate, brought !== undefined),
      mapper: mapperChange(before.mapper, files.mapper),
      problems: await problemsOf(candidate, options.log),
      warnings: warningsOf(candidate, found, layout.layout, ignored),
    },
  };
}

/**
 * Replaces the files. A running connector uses them after a reload. `undoImport` restores the previous ones.
 *
 * @throws CodedError IMPORT_INVALID if it has problems and is not forced, HOME_FILES_NOT_WRITABLE, HOME_FILES_UNREADABLE
 */
export function applyImport(config: Config, { files, summary }: Import, options: { force?: boolean } = {}): void {
  if (summary.problems.length > 0 && !options.force) throw invalid(summary.problems);
  replaceHomeFiles(config.home, files, readHomeFiles(config.home));
}

/**
 * Restores the previous files. Undoing twice changes nothing.
 *
 * @returns when the previous files were replaced
 * @throws CodedError NOTHING_TO_UNDO, HOME_FILES_NOT_WRITABLE, HOME_FILES_UNREADABLE
 */
export function undoImport(config: Config): Date {
  assertHasFiles(config);
  const last = readLastGood(config.home);
  if (last === undefined) {
    throw new CodedError('NOTHING_TO_UNDO', 'Nothing to undo: no import or change has been made yet');
  }
  replaceHomeFiles(config.home, last.files, readHomeFiles(config.home));
  return last.savedAt;
}

export function invalid(problems: readonly string[]): CodedError {
  return new CodedError('IMPORT_INVALID', `The connector would not work with these settings:\n       ${problems.join('\n       ')}`, {
    action: 'Correct them where they were exported, or import anyway and correct them here.',
  });
}

function passphraseOf(given: string | undefined): string {
  if (given !== undefined && given !== '') return given;
  throw new CodedError('IMPORT_PASSPHRASE', 'The file is encrypted, but no passphrase was given', {
    action: 'Use the passphrase of the export.',
  });
}

/** A replaced connector's settings are converted as at a first start, so that the conversion is shown. */
function settingsIn(found: ReadonlyMap<string, Buffer>, name: string): FileContent {
  const settings = parseConfig(name, textIn(found, name));
  if (isDeeperThan(settings, MAX_DEPTH)) {
    throw new CodedError('IMPORT_REFUSED', `${name} is nested too deeply for a settings file`, {
      action: 'Import a file that a connector exported.',
    });
  }
  return { ...settings, ...firstStartChanges(settings).changes };
}

function without(settings: FileContent, names: readonly string[]): FileContent {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name)));
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(inner, depth - 1));
}

/** @param folders that may contain the certificate, in order of preference */
function certificateIn(found: ReadonlyMap<string, Buffer>, folders: readonly string[]): HomeFiles['certificate'] {
  const folder = folders.find((name) => found.has(certificateName(name)) || found.has(keyName(name))) ?? '';
  const [certificatePem, privateKeyPem] = [textIn(found, certificateName(folder)), textIn(found, keyName(folder))];
  if (certificatePem === undefined && privateKeyPem === undefined) return undefined;
  if (certificatePem === undefined || privateKeyPem === undefined) {
    const names = [certificateName(folder), keyName(folder)];
    if (certificatePem === undefined) names.reverse();
    throw incomplete(`it has ${names.join(' without ')}`);
  }
  return { certificatePem, privateKeyPem };
}

function textIn(found: ReadonlyMap<string, Buffer>, name: string): string | undefined {
  const bytes = found.get(name);
  if (bytes === undefined) return undefined;
  return decodeText(bytes);
}

async function problemsOf(candidate: Config, log: Log): Promise<string[]> {
  const problems = [...candidate.problems.map(({ message }) => message), ...problemsOfFiles(candidate)];
  // Includes files that are named but unreadable.
  if (problems.length > 0) return problems;
  try {
    await assertLoads(profileMapperSource(candidate), candidate.values, log);
    return [];
  } catch (error) {
    return [problemText(error)];
  }
}

function warningsOf(candidate: Config, found: ReadonlyMap<string, Buffer>, layout: 'root' | 'data', ignored: readonly string[]): string[] {
  const { values, origins } = candidate;
  const warnings = [...configWarnings(candidate), ...filterWarnings(values)].map(({ message }) => message);
  if (![...found.keys()].some((name) => name.endsWith('/cert.key'))) {
    warnings.push(
      candidate.candidate?.certificate === undefined
        ? 'The file has no certificate: this connector creates a new one, which the hub must accept'
        : 'The file has no certificate: this connector keeps its own, which the hub must accept',
    );
  }
  if (layout === 'data' && found.has('config.json')) warnings.push('The file has config.json and data/config.json: the latter is used');
  const elsewhere = (
    ['AUTH_CERT', 'AUTH_CERT_KEY', 'LDAP_CLIENT_CERT', 'LDAP_CLIENT_KEY', 'SSL_CA_FILE', 'SSL_CA_PATH', 'PROFILE_MAPPER_FILE'] as const
  ).filter((name) => {
    const value = values[name];
    return origins[name] === 'file' && value !== undefined && !value.includes('-----BEGIN ');
  });
  for (const name of elsewhere) warnings.push(`${name} names a file that is not in the export: copy it to this machine too`);
  const overridden = Object.entries(origins).filter(([name, origin]) => origin === 'environment' && name in candidate.file);
  for (const [name] of overridden) warnings.push(`${name} is set in the environment here, which takes precedence`);
  if (ignored.length > 0) warnings.push(`Ignored, because no export contains it: ${ignored.join(', ')}`);
  return warnings;
}

function incomplete(what: string): CodedError {
  return new CodedError('IMPORT_INCOMPLETE', `The file is not a complete export: ${what}`, {
    action: 'Export it again, or pack config.json, lib/profileMapper.js, certs/cert.pem and certs/cert.key under these names.',
  });
}
