/**
 * Exports this connector as a zip with the replaced connector's file names, so that either program imports it. It contains the private key and, encrypted
 * with that key, the service account's password, so it can be encrypted with a passphrase.
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
  /** A zip, or with a passphrase an encrypted file (`.landbridge`). */
  bytes: Buffer;
  /** What is missing in the export. */
  remarks: string[];
}

/** Unpacked on Unix, a file is readable by its owner only. */
const FILE_FOR_OWNER = { os: 3, attrs: (0o100600 << 16) >>> 0 };

const EXPORTED_AS_FILES = new Set(['AUTH_CERT', 'AUTH_CERT_KEY', 'PROFILE_MAPPER_FILE']);

/**
 * The instance id is not included: a second machine with this export is another instance of the same connector.
 *
 * @param passphrase undefined: an unencrypted zip
 * @throws CodedError PASSPHRASE_UNUSABLE, CONFIG_ENVIRONMENT_ONLY, CERTIFICATE_UNUSABLE, CREDENTIALS_UNREADABLE, CA_UNUSABLE,
 *   PROFILE_MAPPER_UNREADABLE, EXPORT_INCOMPLETE if there is nothing to export yet
 */
export async function createExport(config: Config, passphrase: string | undefined): Promise<Export> {
  assertHasFiles(config);
  if (Object.keys(config.file).length === 0) {
    throw new CodedError('EXPORT_INCOMPLETE', `${config.home.configFile} does not exist`, { action: 'Run setup first.' });
  }
  const key = loadCertificate(config);
  const source = profileMapperSource(config);
  const mapper = source === config.values.PROFILE_MAPPER ? undefined : source;
  const files: Record<string, string | undefined> = {
    'config.json': `${JSON.stringify(settingsFor(config, key?.privateKeyPem, mapper !== undefined), null, 2)}\n`,
    'lib/profileMapper.js': mapper,
    'certs/cert.key': key?.privateKeyPem,
    'certs/cert.pem': key?.certificate.toString(),
  };
  const entries = Object.entries(files).flatMap(([name, text]) => (text === undefined ? [] : [[name, Buffer.from(text, 'utf8')] as const]));
  const zip = Buffer.from(zipSync(Object.fromEntries(entries), FILE_FOR_OWNER));
  return { bytes: passphrase === undefined ? zip : await sealFile(zip, passphrase), remarks: remarksOf(config, key !== undefined) };
}

/** Files elsewhere on this machine are copied into the settings or the zip. */
function settingsFor(config: Config, privateKeyPem: string | undefined, hasMapperFile: boolean): Record<string, unknown> {
  const { file, values, origins } = config;
  const settings: Record<string, unknown> = { ...file };
  for (const name of EXPORTED_AS_FILES) delete settings[name];
  if (hasMapperFile) delete settings.PROFILE_MAPPER;
  if (origins.SSL_CA_FILE === 'file' || origins.SSL_CA_PATH === 'file') {
    settings.CA_CERT = configuredCertificates(values);
    for (const name of ['SSL_CA_FILE', 'SSL_CA_PATH']) delete settings[name];
  }
  if (origins.LDAP_BIND_PASSWORD === 'file' && privateKeyPem !== undefined) {
    const password = bindPassword(config, privateKeyPem);
    delete settings.LDAP_BIND_PASSWORD;
    if (password !== undefined) settings.LDAP_BIND_CREDENTIALS = encryptPassword(password, privateKeyPem);
  }
  // The default contains this machine's name; the other machine makes its own.
  if (settings.SERVER_URL === serverUrlOf({ SERVER_URL: undefined, PORT: values.PORT })) delete settings.SERVER_URL;
  return settings;
}

function remarksOf({ origins, values }: Config, hasKey: boolean): string[] {
  const remarks: string[] = [];
  const fromEnvironment = Object.entries(origins).flatMap(([name, origin]) =>
    origin === 'environment' && !EXPORTED_AS_FILES.has(name) ? [name] : [],
  );
  if (fromEnvironment.length > 0) remarks.push(`Not exported because it is set in the environment: ${fromEnvironment.join(', ')}`);
  if (!hasKey) remarks.push('No certificate is exported: this connector has none until it has started once with its ticket');
  if (values.LDAP_BIND_PASSWORD !== undefined && !hasKey) remarks.push('The export contains LDAP_BIND_PASSWORD in clear text');
  return remarks;
}
