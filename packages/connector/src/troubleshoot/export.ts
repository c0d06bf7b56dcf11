/**
 * The support package: a zip with the configuration, the profile mapper, the logs and the results, with the file names of the replaced
 * connector. Secrets are masked, the private key is left out, and the contents are listed before the zip is made.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { arch, platform, release } from 'node:os';
import { basename, join } from 'node:path';
import { CodedError, errorText } from '@landbridge/runtime';
import { strToU8, zipSync } from 'fflate';
import { type Config, type Environment, loadConfig } from '../config/load.ts';
import { profileMapperSource } from '../config/profile-mapper-source.ts';
import { isSettingName, SETTINGS } from '../config/settings.ts';
import type { CheckResult } from './check.ts';
import { createRedactor, MASK, type Redactor } from './redact.ts';
import { resultLines, summary } from './report.ts';

/** The log and the newest rotated one. */
const LOG_FILES = ['logs/connector.log', 'logs/connector.log.1'];
/** Only the end of a larger log is included. */
const MAX_LOG_BYTES = 10 * 1024 * 1024;

export interface ExportOptions {
  home: string;
  environment: Environment;
  version: string;
  results: readonly CheckResult[];
}

export interface ExportPackage {
  contents: readonly { name: string; bytes: number; what: string }[];
  zip(): Uint8Array;
}

interface Part {
  name: string;
  text: string;
  what: string;
}

/** Reads the files; writes nothing. An unreadable configuration is left out, and the results say why. @throws CodedError LOG_UNREADABLE */
export function exportPackage(options: ExportOptions): ExportPackage {
  const config = readConfig(options);
  const redactor = createRedactor(config);
  const parts: Part[] = [
    ...(config === undefined ? [] : configurationParts(config, redactor)),
    ...LOG_FILES.flatMap((path) => logPart(join(options.home, path), redactor)),
    { name: 'test-results.log', text: resultsText(options), what: 'the results of all checks, as text' },
    { name: 'test-results.json', text: `${JSON.stringify(options.results, null, 2)}\n`, what: 'the same as JSON' },
  ];
  const files = parts.map((part) => ({ ...part, content: strToU8(part.text) }));
  return {
    contents: files.map(({ name, content, what }) => ({ name, bytes: content.length, what })),
    zip: () => zipSync(Object.fromEntries(files.map(({ name, content }) => [name, content]))),
  };
}

function readConfig({ home, environment }: ExportOptions): Config | undefined {
  try {
    return loadConfig(home, environment);
  } catch {
    return undefined;
  }
}

function configurationParts(config: Config, redactor: Redactor): Part[] {
  const parts: Part[] = [
    {
      name: 'config.json',
      text: `${JSON.stringify(maskedFile(config), null, 2)}\n`,
      what: 'the configuration file; passwords, the ticket, keys and unknown settings are masked',
    },
    {
      name: 'settings.json',
      text: `${JSON.stringify(effectiveSettings(config), null, 2)}\n`,
      what: 'the effective settings, and where each comes from',
    },
  ];
  const mapper = mapperPart(config, redactor);
  return mapper === undefined ? parts : [...parts, mapper];
}

/** An unknown key may be a mistyped password setting, so its value is masked. */
function maskedFile({ file, values }: Config): Record<string, unknown> {
  const masked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(file)) {
    if (isSettingName(name)) masked[name] = isMasked(name) ? MASK : withoutUserInfo(value);
    else masked[name] = name === values.REALM ? value : MASK;
  }
  return masked;
}

function effectiveSettings({ values, origins }: Config): Record<string, { value: unknown; origin: string }> {
  const settings: Record<string, { value: unknown; origin: string }> = {};
  for (const name of Object.keys(SETTINGS).filter(isSettingName)) {
    const origin = origins[name];
    if (origin !== 'unset') settings[name] = { value: isMasked(name) ? MASK : withoutUserInfo(values[name]), origin };
  }
  return settings;
}

/** The mapper's source is a file of its own. */
function isMasked(name: keyof typeof SETTINGS): boolean {
  return 'secret' in SETTINGS[name] || name === 'PROFILE_MAPPER';
}

/** Any URL may contain a password. */
function withoutUserInfo(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUserInfo);
  return typeof value === 'string' ? value.replace(/(:\/\/)[^\s/"'@]+@/g, `$1${MASK}@`) : value;
}

function mapperPart(config: Config, { redact }: Redactor): Part | undefined {
  const what = 'the profile mapper, unmasked: check it for secrets';
  try {
    const source = profileMapperSource(config);
    return source === undefined ? undefined : { name: 'lib/profileMapper.js', text: redact(source), what };
  } catch (error) {
    return { name: 'lib/profileMapper.js', text: `// ${errorText(error)}\n`, what: 'why the profile mapper cannot be read' };
  }
}

function logPart(path: string, { redactLog }: Redactor): Part[] {
  const text = endOf(path);
  return text === undefined
    ? []
    : [{ name: `logs/${basename(path)}`, text: redactLog(text), what: 'the log, without secrets; it contains user names' }];
}

/** @returns undefined if the file does not exist */
function endOf(path: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, MAX_LOG_BYTES));
    const read = readSync(file, bytes, 0, bytes.length, Math.max(0, size - bytes.length));
    const text = bytes.subarray(0, read).toString();
    // A truncated secret would not be recognised, so a partial first line is dropped.
    return size > MAX_LOG_BYTES ? text.slice(text.indexOf('\n') + 1) : text;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new CodedError('LOG_UNREADABLE', `The log ${path} cannot be read`, {
      cause,
      action: 'Run this as the service’s account, or give this account permission to read it.',
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function resultsText({ results, version }: ExportOptions): string {
  const head = `landbridge-connector ${version}, Node.js ${process.versions.node}, ${platform()} ${release()} ${arch()}, ${new Date().toISOString()}\n`;
  return `${head}${summary(results)}\n\n${results.flatMap(resultLines).join('\n')}\n`;
}
