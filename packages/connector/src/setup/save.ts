/** Saves the settings typed during setup, with a certificate: all or nothing. */
import { rmSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { updateConfigFile } from '../config/config-file.ts';
import { bindPassword, encryptPassword } from '../config/credentials.ts';
import { replaceHomeFiles } from '../config/home-files.ts';
import { type Config, withSettingsFile } from '../config/load.ts';
import { isSettingName, SETTINGS } from '../config/settings.ts';
import { firstStartChanges } from '../config/take-over.ts';
import { createCertificate, createKey, loadCertificate, saveCertificate } from './certificate.ts';
import { keepCertificateAside } from './new-certificate.ts';
import { settingsOfTicket, type TicketReading } from './ticket.ts';

/**
 * @param given values for `config.json`; undefined removes a key
 * @returns those that differ from what is stored, in whatever form it is stored: as text or parsed, encrypted or not
 */
export function changesAgainst(config: Config, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([name, value]) => !isStored(config, name, value)));
}

function isStored(config: Config, name: string, value: unknown): boolean {
  const stored = config.file[name] ?? undefined;
  if (value === undefined) return stored === undefined || stored === '';
  if (name === 'LDAP_BIND_PASSWORD') return value === storedPassword(config);
  if (stored === undefined || !isSettingName(name)) return isDeepStrictEqual(stored, value);
  const { schema } = SETTINGS[name].type;
  const [one, other] = [schema.safeParse(stored), schema.safeParse(value)];
  return one.success && other.success && isDeepStrictEqual(one.data, other.data);
}

function storedPassword(config: Config): string | undefined {
  try {
    return bindPassword(withSettingsFile(config, config.file, {}), loadCertificate(config)?.privateKeyPem);
  } catch {
    // It has to be set again.
    return undefined;
  }
}

/**
 * The password is encrypted first if there is a key, or the hub has sent what a new certificate needs.
 *
 * @param before the configuration without the changes
 * @param config the configuration with the changes
 * @param reading undefined if the hub was not asked, or did not answer
 * @throws CodedError CONFIG_NOT_WRITABLE, CERTIFICATE_UNUSABLE, HOME_FILES_NOT_WRITABLE
 */
export function saveSetup(
  before: Config,
  config: Config,
  changes: Readonly<Record<string, unknown>>,
  reading: TicketReading | undefined,
): void {
  const { values, home } = config;
  const existing = loadCertificate(config);
  const made = existing === undefined && reading !== undefined ? createCertificate(createKey(), reading.info) : undefined;
  const key = existing ?? made;
  const password = changes.LDAP_BIND_PASSWORD ?? (before.candidate && before.file.LDAP_BIND_PASSWORD);
  const written = {
    ...firstStartChanges(before.file).changes,
    ...changes,
    HUB_IDENTITY: values.HUB_IDENTITY,
    ...(reading && values.PROVISIONING_TICKET && settingsOfTicket(reading, values.PROVISIONING_TICKET, values.SITE_NAME)),
    ...(key &&
      typeof password === 'string' && {
        LDAP_BIND_PASSWORD: undefined,
        LDAP_BIND_CREDENTIALS: encryptPassword(password, key.privateKeyPem),
      }),
  };
  if (before.candidate !== undefined) {
    const settings = Object.fromEntries(Object.entries({ ...before.file, ...written }).filter(([, value]) => value !== undefined));
    if (made !== undefined) keepCertificateAside(home);
    const certificate =
      before.candidate.certificate ?? (made && { certificatePem: made.certificate.toString(), privateKeyPem: made.privateKeyPem });
    replaceHomeFiles(home, { settings, mapper: before.candidate.mapper, certificate }, undefined);
    return;
  }
  if (made !== undefined) saveCertificate(home, made);
  try {
    updateConfigFile(home.configFile, written);
  } catch (error) {
    if (made !== undefined) for (const path of [home.keyFile, home.certFile]) rmSync(path, { force: true });
    throw error;
  }
}
