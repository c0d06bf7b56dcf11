/** What the checks of one run share. */
import type { Config, Environment } from '../config/load.ts';
import type { ServiceAccount } from '../ldap/servers/service-account.ts';
import type { Outbound } from '../network/outbound.ts';
import type { Redactor } from './redact.ts';

export interface Run {
  config: Config;
  environment: Environment;
  outbound: Outbound;
  redactor: Redactor;
  /** PEM texts of CA_CERT, SSL_CA_FILE and SSL_CA_PATH. */
  configuredCertificates: readonly string[];
  /** Whose groups are looked for. */
  userName: string | undefined;
  platform: NodeJS.Platform;
  /** The password of LDAP_BIND_USER, or why it cannot be read. */
  servicePassword(): string | undefined;
  /** Remembers a refusal, also from one run to the next. */
  serviceAccount(dn: string, password: string): ServiceAccount;
  /** Told what is to be closed when the run is over. */
  onEnd(close: () => unknown): void;
}
