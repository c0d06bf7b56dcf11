/** What `setup` is told without a terminal: by flags, files, standard input and the environment. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text as readStream } from 'node:stream/consumers';
import { CodedError } from '@landbridge/runtime';
import { z } from 'zod';
import type { Environment } from '../config/load.ts';
import { isSettingName } from '../config/settings.ts';

export interface SetupOptions {
  ticketFile?: string;
  ldapUrl?: string;
  ldapBase?: string;
  bindUser?: string;
  passwordFile?: string;
  caFile?: string;
  settings?: string;
  saveAnyway?: boolean;
}

/** Settings that setup takes over from the environment into the file; all others work from the environment as they stand. */
const FROM_ENVIRONMENT = [
  'PROVISIONING_TICKET',
  'LDAP_URL',
  'LDAP_BASE',
  'LDAP_BIND_USER',
  'LDAP_BIND_PASSWORD',
  'ANONYMOUS_SEARCH_ENABLED',
  'LDAP_USER_DN',
  'SSL_CA_FILE',
] as const;

/** A ticket or a password; a file that is longer was meant to be something else. */
const MAX_SECRET_CHARACTERS = 4096;

/**
 * @returns settings by name, as `config.json` will hold them; a flag comes before `--settings`, that before the environment
 * @throws CodedError SETUP_INPUT, which names the flag and never what a secret file holds
 */
export async function readSetupInput(options: SetupOptions, environment: Environment): Promise<Record<string, unknown>> {
  if (options.ticketFile === '-' && options.passwordFile === '-') {
    throw new CodedError('SETUP_INPUT', '--ticket-file and --password-file cannot both be read from standard input', {
      action: 'Put one of them into a file.',
    });
  }
  const given: Record<string, unknown> = {};
  for (const name of FROM_ENVIRONMENT) if (environment[name]) given[name] = environment[name];
  if (options.settings !== undefined) Object.assign(given, readSettings(options.settings));
  if (options.ticketFile !== undefined) given.PROVISIONING_TICKET = await readSecret('--ticket-file', options.ticketFile);
  if (options.ldapUrl !== undefined) given.LDAP_URL = options.ldapUrl;
  if (options.ldapBase !== undefined) given.LDAP_BASE = options.ldapBase;
  if (options.bindUser !== undefined) given.LDAP_BIND_USER = options.bindUser;
  if (options.passwordFile !== undefined) given.LDAP_BIND_PASSWORD = await readSecret('--password-file', options.passwordFile);
  // The service may run in another folder than setup does.
  if (options.caFile !== undefined) given.SSL_CA_FILE = resolve(options.caFile);
  return given;
}

/** The first line, without its end: editors and `echo` add one. @throws CodedError SETUP_INPUT */
export async function readSecret(flag: string, file: string): Promise<string> {
  const text = file === '-' ? await readStream(process.stdin) : readFile(flag, file);
  const line = text.replace(/^\uFEFF/, '').split(/\r?\n/, 1)[0] ?? '';
  if (line !== '' && line.length <= MAX_SECRET_CHARACTERS) return line;
  throw new CodedError('SETUP_INPUT', `${flag}: ${file === '-' ? 'standard input' : file} ${line === '' ? 'is empty' : 'is too long'}`);
}

function readSettings(file: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(readFile('--settings', file));
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError('SETUP_INPUT', `--settings: ${file} is not JSON`, { action: 'It must be an object of settings by name.' });
  }
  const result = z.record(z.string(), z.unknown()).safeParse(json);
  if (!result.success) throw new CodedError('SETUP_INPUT', `--settings: ${file} is not an object of settings by name`);
  const unknown = Object.keys(result.data).filter((name) => !isSettingName(name));
  if (unknown.length > 0) {
    throw new CodedError('SETUP_INPUT', `--settings: ${file} has what is no setting: ${unknown.join(', ')}`, {
      action: 'docs/configuration.md lists all settings.',
    });
  }
  return result.data;
}

function readFile(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CodedError('SETUP_INPUT', `${flag}: ${file} cannot be read`, { cause });
  }
}
