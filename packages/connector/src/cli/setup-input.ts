/** The input of `setup` without a terminal: flags, environment, answer file, standard input, and files of secrets. */
import { resolve } from 'node:path';
import { text as readStream } from 'node:stream/consumers';
import { CodedError, readTextFile, withSecretFiles } from '@landbridge/runtime';
import type { Environment } from '../config/load.ts';
import { SETTINGS } from '../config/settings.ts';
import { readAnswers } from './answers.ts';

export interface SetupOptions {
  answers?: string;
  import?: string;
  passphraseFile?: string;
  hub?: string;
  ticketFile?: string;
  ldapUrl?: string;
  ldapBase?: string;
  bindUser?: string;
  passwordFile?: string;
  caFile?: string;
  newCertificate?: boolean;
  saveAnyway?: boolean;
  yes?: boolean;
  json?: boolean;
  detailedExitcode?: boolean;
}

/** What `setup` needs to know. */
export interface SetupInput {
  /** For `config.json`; undefined removes a setting. */
  settings: Record<string, unknown>;
  /** The address of the hub, to enrol by a code instead of a ticket. */
  hub: string | undefined;
  /** A file or folder to import if the home is new; `auto`: an installed Auth0 connector, if there is one. */
  importFrom: string | undefined;
  passphraseFile: string | undefined;
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
 * Flags override the environment, which overrides the answer file: the same order as in a running connector, whose environment overrides `config.json`.
 *
 * @throws CodedError SETUP_INPUT, ANSWERS_INVALID with the flag, line or setting, but never with a secret
 */
export async function readSetupInput(options: SetupOptions, environment: Environment): Promise<SetupInput> {
  const fromStandardInput = [
    ['--answers', options.answers],
    ['--ticket-file', options.ticketFile],
    ['--password-file', options.passwordFile],
  ].filter(([, file]) => file === '-');
  if (fromStandardInput.length > 1) {
    const [first, second] = fromStandardInput;
    throw new CodedError('SETUP_INPUT', `${first?.[0]} and ${second?.[0]} cannot both be read from standard input`, {
      action: 'Put one of them into a file.',
    });
  }
  const answers = options.answers === undefined ? undefined : readAnswers(options.answers, await readInput('--answers', options.answers));
  const settings: Record<string, unknown> = { ...answers?.settings };
  const { environment: variables } = withSecretFiles(SETTINGS, environment);
  for (const name of FROM_ENVIRONMENT) if (variables[name]) settings[name] = variables[name];
  if (options.ticketFile !== undefined) settings.PROVISIONING_TICKET = await readSecret('--ticket-file', options.ticketFile);
  if (options.ldapUrl !== undefined) settings.LDAP_URL = options.ldapUrl;
  if (options.ldapBase !== undefined) settings.LDAP_BASE = options.ldapBase;
  if (options.bindUser !== undefined) settings.LDAP_BIND_USER = options.bindUser;
  if (options.passwordFile !== undefined) settings.LDAP_BIND_PASSWORD = await readSecret('--password-file', options.passwordFile);
  // The service may run in another folder.
  if (options.caFile !== undefined) settings.SSL_CA_FILE = resolve(options.caFile);
  const hub = options.hub ?? answers?.hub;
  if (hub !== undefined && settings.PROVISIONING_TICKET !== undefined) {
    throw new CodedError('SETUP_INPUT', 'The address of a hub and a ticket cannot be combined', {
      action: 'Use one of them: with a ticket, the connector needs no code.',
    });
  }
  return {
    settings,
    hub,
    importFrom: options.import ?? answers?.importFrom,
    passphraseFile: options.passphraseFile ?? answers?.passphraseFile,
  };
}

/** @returns the first line: editors and `echo` add a line end. @throws CodedError SETUP_INPUT */
export async function readSecret(flag: string, file: string): Promise<string> {
  const line = (await readInput(flag, file)).replace(/^\uFEFF/, '').split(/\r?\n/, 1)[0] ?? '';
  if (line !== '' && line.length <= MAX_SECRET_CHARACTERS) return line;
  throw new CodedError('SETUP_INPUT', `${flag}: ${file === '-' ? 'standard input' : file} ${line === '' ? 'is empty' : 'is too long'}`);
}

async function readInput(flag: string, file: string): Promise<string> {
  if (file === '-') return await readStream(process.stdin);
  try {
    return readTextFile(file);
  } catch (cause) {
    throw new CodedError('SETUP_INPUT', `${flag}: cannot read ${file}`, {
      cause,
      action: 'Check the path, and which account may read it.',
    });
  }
}
