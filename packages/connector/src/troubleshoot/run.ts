/** Shared by the checks of one run. */
import type { TlsKeyPair } from '../config/key-pair.ts';
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
  /** LDAP_CLIENT_CERT or LDAP_CLIENT_PFX; undefined if none is set, or if it is unusable, which the configuration's check says. */
  clientCertificate: TlsKeyPair | undefined;
  /** The user whose groups are compared. */
  userName: string | undefined;
  platform: NodeJS.Platform;
  /** The password of LDAP_BIND_USER, or why it cannot be read. */
  servicePassword(): string | undefined;
  /** Remembers a refused password, across runs too. */
  serviceAccount(dn: string, password: string): ServiceAccount;
  /** Registers what to close after the run. */
  onEnd(close: () => unknown): void;
}
