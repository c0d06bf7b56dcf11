/**
 * A new key and certificate, for a connector whose key was revoked. The service account's password is encrypted with the old key, so it is
 * decrypted first and encrypted again. The old pair is kept aside.
 */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '@landbridge/runtime';
import { bindPassword, encryptPassword } from '../config/credentials.ts';
import type { ConnectorHome } from '../config/home.ts';
import { type HomeFiles, readHomeFiles } from '../config/home-files.ts';
import { assertHasFiles, type Config, type Environment, withEntered } from '../config/load.ts';
import { createOutbound } from '../network/outbound.ts';
import { createCertificate, createKey, loadCertificate } from './certificate.ts';
import { readHubTicket, settingsOfTicket } from './ticket.ts';

/** @returns the configuration as if the home had no certificate; nothing is written. @throws CodedError CERTIFICATE_FIXED */
export function withoutCertificate(config: Config): Config {
  assertHasFiles(config);
  if (config.values.AUTH_CERT !== undefined) {
    throw new CodedError('CERTIFICATE_FIXED', 'The certificate of this connector is set by AUTH_CERT and AUTH_CERT_KEY', {
      action: 'Put a new pair there, or remove both settings to use certs/ of the home.',
    });
  }
  return { ...config, candidate: { mapper: readHomeFiles(config.home).mapper, certificate: undefined } };
}

/** @returns the password that LDAP_BIND_CREDENTIALS of `config.json` contains; undefined if there is none. @throws CodedError CREDENTIALS_UNREADABLE */
export function passwordToKeep(config: Config): string | undefined {
  if (config.origins.LDAP_BIND_CREDENTIALS !== 'file' && config.origins.LDAP_BIND_PASSWORD !== 'file') return undefined;
  return bindPassword(config, loadCertificate(config)?.privateKeyPem);
}

/**
 * Asks the hub for the subject, and registers nothing.
 * @returns the files of the home with a new key and certificate; nothing is written
 * @throws CodedError CERTIFICATE_FIXED, SETTING_FROM_ENVIRONMENT, CREDENTIALS_UNREADABLE, CONFIG_ENVIRONMENT_ONLY, and as `readHubTicket`
 */
export async function filesWithNewCertificate(
  config: Config,
  environment: Environment,
  ticket: string,
  signal: AbortSignal,
): Promise<HomeFiles> {
  const before = withoutCertificate(config);
  if (config.origins.PROVISIONING_TICKET === 'environment' && ticket !== config.values.PROVISIONING_TICKET) {
    throw new CodedError('SETTING_FROM_ENVIRONMENT', 'PROVISIONING_TICKET is set in the environment, which overrides config.json', {
      action: 'Change it in the environment and restart, or remove it from there.',
    });
  }
  const password = passwordToKeep(config);
  const { values, file } = withEntered(before, { PROVISIONING_TICKET: ticket }, environment);
  const reading = await readHubTicket(createOutbound(values), { ...before, values }, ticket, signal);
  const made = createCertificate(createKey(), reading.info);
  const settings = Object.entries({
    ...file,
    ...settingsOfTicket(reading, ticket, values.SITE_NAME),
    ...(password !== undefined && {
      LDAP_BIND_PASSWORD: undefined,
      LDAP_BIND_CREDENTIALS: encryptPassword(password, made.privateKeyPem),
    }),
  }).filter(([, value]) => value !== undefined);
  return {
    settings: Object.fromEntries(settings),
    mapper: before.candidate?.mapper,
    certificate: { certificatePem: made.certificate.toString(), privateKeyPem: made.privateKeyPem },
  };
}

/**
 * Copies the present pair, because its key may still be needed to decrypt a backup of `config.json`.
 * @returns the folder with the copies; undefined if there is no pair. @throws CodedError HOME_FILES_NOT_WRITABLE
 */
export function keepCertificateAside(home: Pick<ConnectorHome, 'certFile' | 'keyFile'>): string | undefined {
  const present = [home.keyFile, home.certFile].filter((path) => existsSync(path));
  if (present.length === 0) return undefined;
  const folder = join(dirname(dirname(home.keyFile)), `certs-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const path of present) copyFileSync(path, join(folder, basename(path)));
  } catch (cause) {
    throw new CodedError('HOME_FILES_NOT_WRITABLE', `Cannot keep the previous certificate in ${folder}`, {
      action: 'Allow the account that runs the connector to write there.',
      cause,
    });
  }
  return folder;
}
