/**
 * The package for support: a zip with the configuration, the profile mapper, the logs and the results, under the names that installed
 * connectors give them. Secrets are masked, the private key is not in it, and what goes in can be read before it is made.
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

/** The log, and the newest that was put aside. */
const LOG_FILES = ['logs/connector.log', 'logs/connector.log.1'];
/** Of each log its end goes in. */
const MAX_LOG_BYTES = 10 * 1024 * 1024;

export interface ExportOptions {
  home: string;
  environment: Environment;
  /** Of this program. */
  version: string;
  results: readonly CheckResult[];
}

export interface ExportPackage {
  /** What goes in, for a person to read first. */
  contents: readonly { name: string; bytes: number; what: string }[];
  zip(): Uint8Array;
}

interface Part {
  name: string;
  text: string;
  what: string;
}

/** Reads everything; nothing is written. A configuration that cannot be read is left out, and the results say why. @throws CodedError LOG_UNREADABLE */
export function exportPackage(options: ExportOptions): ExportPackage {
  const config = readConfig(options);
  const redactor = createRedactor(config);
  const parts: Part[] = [
    ...(config === undefined ? [] : configurationParts(config, redactor)),
    ...LOG_FILES.flatMap((path) => logPart(join(options.home, path), redactor)),
    { name: 'test-results.log', text: resultsText(options), what: 'the results of all checks, as text' },
    { name: 'test-results.json', text: `${JSON.stringify(options.results, null, 2)}\n`, what: 'the same for programs' },
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
      what: 'the configuration file; passwords, the ticket, keys and whatever is no setting are masked',
    },
    {
      name: 'settings.json',
      text: `${JSON.stringify(effectiveSettings(config), null, 2)}\n`,
      what: 'the settings that are in effect, and where each comes from',
    },
  ];
  const mapper = mapperPart(config, redactor);
  return mapper === undefined ? parts : [...parts, mapper];
}

/** Keys that are no settings may be mistyped ones, and hide a password: their names go in, their values do not. */
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

/** The mapper's source goes in as a file of its own. */
function isMasked(name: keyof typeof SETTINGS): boolean {
  return 'secret' in SETTINGS[name] || name === 'PROFILE_MAPPER';
}

/** People put passwords into URLs, also where none belongs. */
function withoutUserInfo(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUserInfo);
  return typeof value === 'string' ? value.replace(/(:\/\/)[^\s/"'@]+@/g, `$1${MASK}@`) : value;
}

function mapperPart(config: Config, { redact }: Redactor): Part | undefined {
  const what = 'the profile mapper as it is: look whether somebody wrote a secret into it';
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
    : [{ name: `logs/${basename(path)}`, text: redactLog(text), what: 'the log, without secrets; it names people who signed in' }];
}

/** @returns undefined where there is no such file */
function endOf(path: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, MAX_LOG_BYTES));
    const read = readSync(file, bytes, 0, bytes.length, Math.max(0, size - bytes.length));
    const text = bytes.subarray(0, read).toString();
    // A secret that was cut in two would not be recognised, so the first line goes where it may be half of one.
    return size > MAX_LOG_BYTES ? text.slice(text.indexOf('\n') + 1) : text;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new CodedError('LOG_UNREADABLE', `The log ${path} cannot be read`, {
      cause,
      action: 'Run this as the user of the service, or give this one the right to read it.',
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function resultsText({ results, version }: ExportOptions): string {
  const head = `landbridge-connector ${version}, Node.js ${process.versions.node}, ${platform()} ${release()} ${arch()}, ${new Date().toISOString()}\n`;
  return `${head}${summary(results)}\n\n${results.flatMap(resultLines).join('\n')}\n`;
}
