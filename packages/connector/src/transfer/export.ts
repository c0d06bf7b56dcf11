/**
 * Exporting this connector: a zip with the names that installed connectors use, so that either imports it. Whoever has it can pose as
 * this connector and read its service account's password, so it can be encrypted with a passphrase.
 */
import { CodedError } from '@landbridge/runtime';
import { zipSync } from 'fflate';
import { bindPassword, encryptPassword } from '../config/credentials.ts';
import { assertHasFiles, type Config } from '../config/load.ts';
import { profileMapperSource } from '../config/profile-mapper-source.ts';
import { configuredCertificates } from '../network/trust.ts';
import { loadCertificate } from '../setup/certificate.ts';
import { serverUrlOf } from '../setup/ticket.ts';
import { sealFile } from './sealed-file.ts';

export interface Export {
  /** A zip, or an encrypted file of our own (`.landbridge`) where there was a passphrase. */
  bytes: Buffer;
  /** What the other machine will lack. */
  remarks: string[];
}

/** A file that its owner may read, where somebody unpacks it on Unix. */
const FILE_FOR_OWNER = { os: 3, attrs: (0o100600 << 16) >>> 0 };

const EXPORTED_AS_FILES = new Set(['AUTH_CERT', 'AUTH_CERT_KEY', 'PROFILE_MAPPER_FILE']);

/**
 * The instance's id is not in it: a second machine with this export is another instance of the same connector.
 *
 * @param passphrase undefined: a zip that anybody can read
 * @throws CodedError PASSPHRASE_UNUSABLE, CONFIG_ENVIRONMENT_ONLY, CERTIFICATE_UNUSABLE, CREDENTIALS_UNREADABLE, CA_UNUSABLE,
 *   PROFILE_MAPPER_UNREADABLE, EXPORT_INCOMPLETE where there is nothing to export yet
 */
export async function createExport(config: Config, passphrase: string | undefined): Promise<Export> {
  assertHasFiles(config);
  if (Object.keys(config.file).length === 0) {
    throw new CodedError('EXPORT_INCOMPLETE', `There is no ${config.home.configFile} to export`, { action: 'Run setup first.' });
  }
  const key = loadCertificate(config);
  const mapper = config.values.PROFILE_MAPPER === undefined ? profileMapperSource(config) : undefined;
  const files: Record<string, string | undefined> = {
    'config.json': `${JSON.stringify(settingsFor(config, key?.privateKeyPem), null, 2)}\n`,
    'lib/profileMapper.js': mapper,
    'certs/cert.key': key?.privateKeyPem,
    'certs/cert.pem': key?.certificate.toString(),
  };
  const entries = Object.entries(files).flatMap(([name, text]) => (text === undefined ? [] : [[name, Buffer.from(text, 'utf8')] as const]));
  const zip = Buffer.from(zipSync(Object.fromEntries(entries), FILE_FOR_OWNER));
  return { bytes: passphrase === undefined ? zip : await sealFile(zip, passphrase), remarks: remarksOf(config, key !== undefined) };
}

/** Everything that a file elsewhere holds on this machine goes into the settings or the zip itself. */
function settingsFor(config: Config, privateKeyPem: string | undefined): Record<string, unknown> {
  const { file, values, origins } = config;
  const settings: Record<string, unknown> = { ...file };
  for (const name of ['AUTH_CERT', 'AUTH_CERT_KEY', 'PROFILE_MAPPER_FILE']) delete settings[name];
  if (origins.SSL_CA_FILE === 'file' || origins.SSL_CA_PATH === 'file') {
    settings.CA_CERT = configuredCertificates(values);
    for (const name of ['SSL_CA_FILE', 'SSL_CA_PATH']) delete settings[name];
  }
  if (origins.LDAP_BIND_PASSWORD === 'file' && privateKeyPem !== undefined) {
    const password = bindPassword(config, privateKeyPem);
    delete settings.LDAP_BIND_PASSWORD;
    if (password !== undefined) settings.LDAP_BIND_CREDENTIALS = encryptPassword(password, privateKeyPem);
  }
  // Made from this machine's own name; the other one makes its own.
  if (settings.SERVER_URL === serverUrlOf({ SERVER_URL: undefined, PORT: values.PORT })) delete settings.SERVER_URL;
  return settings;
}

function remarksOf({ origins, values }: Config, hasKey: boolean): string[] {
  const remarks: string[] = [];
  const fromEnvironment = Object.entries(origins).flatMap(([name, origin]) =>
    origin === 'environment' && !EXPORTED_AS_FILES.has(name) ? [name] : [],
  );
  if (fromEnvironment.length > 0) remarks.push(`Set in the environment, and so not exported: ${fromEnvironment.join(', ')}`);
  if (!hasKey) remarks.push('This connector has no certificate yet, so none is exported: start it once with its ticket');
  if (values.LDAP_BIND_PASSWORD !== undefined && !hasKey) remarks.push('LDAP_BIND_PASSWORD is in it as clear text');
  return remarks;
}
