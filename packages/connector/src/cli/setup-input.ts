/** The input of `setup` without a terminal: flags, files, standard input and environment. */
import { resolve } from 'node:path';
import { text as readStream } from 'node:stream/consumers';
import { CodedError, readTextFile } from '@landbridge/runtime';
import { z } from 'zod';
import type { Environment } from '../config/load.ts';
import { isSettingName } from '../config/settings.ts';

export interface SetupOptions {
  hub?: string;
  ticketFile?: string;
  ldapUrl?: string;
  ldapBase?: string;
  bindUser?: string;
  passwordFile?: string;
  caFile?: string;
  settings?: string;
  saveAnyway?: boolean;
}

/** Setup copies these settings from the environment to the file; the others stay in the environment. */
const FROM_ENVIRONMENT = [
  'PROVISIONING_TICKET',
  'LDAP_URL',
  'LDAP_BASE',
  'LDAP_BIND_USER',
  'LDAP_BIND_PASSWORD',
  'LDAP_BIND_METHOD',
  'LDAP_CLIENT_CERT',
  'LDAP_CLIENT_KEY',
  'LDAP_CLIENT_PFX',
  'LDAP_CLIENT_KEY_PASSWORD',
  'ANONYMOUS_SEARCH_ENABLED',
  'LDAP_USER_DN',
  'SSL_CA_FILE',
] as const;

/** A longer file is neither a ticket nor a password. */
const MAX_SECRET_CHARACTERS = 4096;

/**
 * @returns the settings for `config.json`; flags override `--settings`, which overrides the environment
 * @throws CodedError SETUP_INPUT with the flag, but never with the content of a secret file
 */
export async function readSetupInput(options: SetupOptions, environment: Environment): Promise<Record<string, unknown>> {
  if (options.ticketFile === '-' && options.passwordFile === '-') {
    throw new CodedError('SETUP_INPUT', '--ticket-file and --password-file cannot both be read from standard input', {
      action: 'Put one of them into a file.',
    });
  }
  if (options.hub !== undefined && (options.ticketFile !== undefined || environment.PROVISIONING_TICKET)) {
    throw new CodedError('SETUP_INPUT', '--hub and a ticket cannot be combined', {
      action: 'Use one of them: with a ticket, the connector needs no code.',
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
  // The service may run in another folder.
  if (options.caFile !== undefined) given.SSL_CA_FILE = resolve(options.caFile);
  return given;
}

/** @returns the first line: editors and `echo` add a line end. @throws CodedError SETUP_INPUT */
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
    throw new CodedError('SETUP_INPUT', `--settings: ${file} is not JSON`, { action: 'It must be a JSON object of settings.' });
  }
  const result = z.record(z.string(), z.unknown()).safeParse(json);
  if (!result.success) throw new CodedError('SETUP_INPUT', `--settings: ${file} is not a JSON object of settings`);
  const unknown = Object.keys(result.data).filter((name) => !isSettingName(name));
  if (unknown.length > 0) {
    throw new CodedError('SETUP_INPUT', `--settings: ${file} contains unknown settings: ${unknown.join(', ')}`, {
      action: 'docs/configuration.md lists all settings.',
    });
  }
  return result.data;
}

function readFile(flag: string, file: string): string {
  try {
    return readTextFile(file);
  } catch (cause) {
    throw new CodedError('SETUP_INPUT', `${flag}: cannot read ${file}`, { cause });
  }
}
