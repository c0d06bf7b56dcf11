/** Saves what was typed at the setting up, with the certificate that the connector needs from then on. */
import type { TicketInfo } from '@landbridge/protocol';
import { updateConfigFile } from '../config/config-file.ts';
import { encryptPassword } from '../config/credentials.ts';
import type { Config } from '../config/load.ts';
import { firstStartChanges } from '../config/take-over.ts';
import { createCertificate, createKey, loadCertificate, saveCertificate } from './certificate.ts';
import { settingsOfTicket } from './ticket.ts';

/**
 * The password is encrypted before it is written, where the hub has said what a certificate, and so a key, needs.
 *
 * @param before as it is
 * @param config with the changes
 * @param info undefined where the hub was not asked, or did not answer
 * @throws CodedError CONFIG_NOT_WRITABLE, CERTIFICATE_UNUSABLE
 */
export function saveSetup(before: Config, config: Config, changes: Readonly<Record<string, unknown>>, info: TicketInfo | undefined): void {
  const { values, home } = config;
  let key = loadCertificate(config);
  if (key === undefined && info !== undefined) {
    key = createCertificate(createKey(), info);
    saveCertificate(home, key);
  }
  const password = changes.LDAP_BIND_PASSWORD;
  updateConfigFile(home.configFile, {
    ...firstStartChanges(before.file).changes,
    ...changes,
    ...(info && values.PROVISIONING_TICKET && settingsOfTicket(info, values.PROVISIONING_TICKET, values.SITE_NAME)),
    ...(key &&
      typeof password === 'string' && {
        LDAP_BIND_PASSWORD: undefined,
        LDAP_BIND_CREDENTIALS: encryptPassword(password, key.privateKeyPem),
      }),
  });
}
