/** Saves the settings typed during setup, with a certificate. */
import { updateConfigFile } from '../config/config-file.ts';
import { encryptPassword } from '../config/credentials.ts';
import type { Config } from '../config/load.ts';
import { firstStartChanges } from '../config/take-over.ts';
import { createCertificate, createKey, loadCertificate, saveCertificate } from './certificate.ts';
import { settingsOfTicket, type TicketReading } from './ticket.ts';

/**
 * The password is encrypted first if there is a key, or the hub has sent what a new certificate needs.
 *
 * @param before the configuration without the changes
 * @param config the configuration with the changes
 * @param reading undefined if the hub was not asked, or did not answer
 * @throws CodedError CONFIG_NOT_WRITABLE, CERTIFICATE_UNUSABLE
 */
export function saveSetup(
  before: Config,
  config: Config,
  changes: Readonly<Record<string, unknown>>,
  reading: TicketReading | undefined,
): void {
  const { values, home } = config;
  let key = loadCertificate(config);
  if (key === undefined && reading !== undefined) {
    key = createCertificate(createKey(), reading.info);
    saveCertificate(home, key);
  }
  const password = changes.LDAP_BIND_PASSWORD;
  updateConfigFile(home.configFile, {
    ...firstStartChanges(before.file).changes,
    ...changes,
    HUB_IDENTITY: values.HUB_IDENTITY,
    ...(reading && values.PROVISIONING_TICKET && settingsOfTicket(reading, values.PROVISIONING_TICKET, values.SITE_NAME)),
    ...(key &&
      typeof password === 'string' && {
        LDAP_BIND_PASSWORD: undefined,
        LDAP_BIND_CREDENTIALS: encryptPassword(password, key.privateKeyPem),
      }),
  });
}
