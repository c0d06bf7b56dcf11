/**
 * Opens directory, profile mapper and users from a configuration. `run` and every command that queries the directory use this, so that
 * all of them query it in the same way.
 */
import type { Log } from '@landbridge/runtime';
import { ldapTransport } from '../config/ldap-transport.ts';
import type { Config } from '../config/load.ts';
import { profileMapperSource } from '../config/profile-mapper-source.ts';
import type { ConnectorSettings } from '../config/settings.ts';
import { type Directory, type DirectoryOptions, openDirectory, settingFilter } from '../ldap/directory.ts';
import { domainOf } from '../ldap/servers/discovery.ts';
import { readDirectoryCertificate, validityProblem } from '../network/directory-certificate.ts';
import { configuredCertificates, trustedCertificates } from '../network/trust.ts';
import { configuredServers } from '../setup/configured-servers.ts';
import { configuredMapper } from '../users/mapper/profile-mapper.ts';
import { createUsers, type Users } from '../users/users.ts';

export interface DirectoryParts {
  directory: Directory;
  users: Users;
  close(): Promise<void>;
}

/** Operations that wait longer are rejected as busy: no user waits that long for a sign-in. */
const QUEUE_TIMEOUT_MS = 5000;

/**
 * Opens the directory in the background; an unavailable directory is not an error.
 *
 * @param config without problems
 * @param servicePassword of LDAP_BIND_USER, decrypted
 * @throws CodedError if a setting cannot be used: CA_UNUSABLE, LDAP_FILTER_INVALID, LDAP_USER_DN_INVALID, PROFILE_MAPPER_UNREADABLE, MAPPER_SYNTAX,
 *   MAPPER_FAILED, MAPPER_UNAVAILABLE
 */
export async function openDirectoryParts(config: Config, servicePassword: string | undefined, log: Log): Promise<DirectoryParts> {
  const source = profileMapperSource(config);
  const directory = openConfiguredDirectory(config, servicePassword, log);
  const mapper = configuredMapper(source, config.values, log);
  try {
    const mapperSource = mapper.isCustom ? source : undefined;
    const users = createUsers({ directory, mapper, mapperSource, settings: config.values, log });
    // Report a mapper that does not load now, and not at every sign-in.
    await mapper.ready();
    return {
      directory,
      users,
      async close() {
        directory.close();
        await mapper.close();
      },
    };
  } catch (error) {
    directory.close();
    await mapper.close();
    throw error;
  }
}

/**
 * Opens only the directory.
 *
 * @throws CodedError CA_UNUSABLE, LDAP_CLIENT_CERTIFICATE_UNUSABLE, LDAP_FILTER_INVALID
 */
export function openConfiguredDirectory(config: Pick<Config, 'values' | 'home'>, servicePassword: string | undefined, log: Log): Directory {
  const { values } = config;
  const certificates = configuredCertificates(values);
  const clientCertificate = readDirectoryCertificate(values, config.home.folder);
  const invalid = validityProblem(clientCertificate);
  if (invalid !== undefined) log.warn(`The client certificate for the directory (LDAP_CLIENT_CERT) will be refused: ${invalid}`);
  let authorities: string[] | undefined;
  const heartbeatFilter =
    values.LDAP_HEARTBEAT_SEARCH_QUERY === undefined
      ? undefined
      : settingFilter('LDAP_HEARTBEAT_SEARCH_QUERY', values.LDAP_HEARTBEAT_SEARCH_QUERY);
  return openDirectory({
    servers: configuredServers(values, log),
    tls: {
      // Reading the system's certificate authorities takes 80 ms, so it waits for the first TLS connection.
      get ca() {
        authorities ??= trustedCertificates(certificates);
        return authorities;
      },
      clientCertificate,
      insecureSkipVerify: values.LDAP_INSECURE_SKIP_TLS_VERIFY,
    },
    serviceAccount: serviceAccount(values, servicePassword),
    searchConnections: values.LDAP_SEARCH_CONNECTIONS,
    bindConnections: values.LDAP_NUMBER_OF_PARALLEL_BINDS,
    connectTimeoutMs: values.LDAP_CONNECT_TIMEOUT_MS,
    operationTimeoutMs: values.LDAP_OPERATION_TIMEOUT_MS,
    queueTimeoutMs: QUEUE_TIMEOUT_MS,
    heartbeatMs: values.LDAP_HEARTBEAT_SECONDS * 1000,
    heartbeatFilter,
    heartbeatSearchBase: values.LDAP_BASE,
    referrals: values.LDAP_FOLLOW_REFERRALS
      ? {
          trustedDomains: [...values.LDAP_TRUSTED_DOMAINS, ...(values.LDAP_URL ?? []).flatMap((url) => domainOf(url)?.name ?? [])],
          // Referrals get the same transport as any other remote host.
          tls: ldapTransport('ldap://referral.invalid', values) === 'none' ? 'none' : 'starttls',
        }
      : undefined,
    log,
  });
}

/** A service account is preferred; anonymous search must be enabled. */
function serviceAccount(values: ConnectorSettings, password: string | undefined): DirectoryOptions['serviceAccount'] {
  if (values.LDAP_BIND_METHOD === 'external') return 'external';
  if (values.LDAP_BIND_USER !== undefined && password !== undefined) return { dn: values.LDAP_BIND_USER, password };
  return values.ANONYMOUS_SEARCH_ENABLED ? undefined : 'none';
}
