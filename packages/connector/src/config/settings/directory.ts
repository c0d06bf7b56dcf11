/** The directory servers and the connections to them. */
import { setting } from '@landbridge/runtime';
import { settingGroup } from '../parts.ts';
import { dnsServers, filter, ldapUrls, MAX_MS, MAX_SECONDS, OFF_BY_DEFAULT } from './types.ts';

export const DIRECTORY_SETTINGS = settingGroup('Directory', 'directory', {
  LDAP_URL: {
    label: 'Directory servers',
    basic: true,
    type: ldapUrls,
    description:
      'The directory servers, in order of preference: the first healthy one is used. Required. `ldaps://` uses TLS, `ldap://` to another machine uses StartTLS. `ldaps:///DC=example,DC=com`, or the name of a domain instead of a host, stands for the servers that DNS lists for that domain (SRV records), in their order.',
  },
  LDAP_DNS_SERVERS: {
    label: 'DNS servers of the directory',
    type: dnsServers,
    default: [],
    description: "The DNS servers that resolve the domains in `LDAP_URL`, often the domain controllers. Unset: the system's.",
  },
  LDAP_TRUSTED_DOMAINS: {
    label: 'Further trusted domains',
    type: setting.list(),
    default: [],
    description:
      'Domains whose hosts may receive passwords even if `LDAP_URL` does not name them: DNS may list them as servers of the domain in `LDAP_URL`, and referrals may lead to them (`LDAP_FOLLOW_REFERRALS`). Hosts in the domain of `LDAP_URL` are always trusted.',
  },
  LDAP_FOLLOW_REFERRALS: {
    label: 'Follow referrals',
    ...OFF_BY_DEFAULT,
    description:
      "Follows referrals in searches, as the service account, but only to servers of `LDAP_URL`, its domains and `LDAP_TRUSTED_DOMAINS`. A user's password is never sent to a server that a referral names.",
  },
  LDAP_BASE: {
    label: 'Search base',
    basic: true,
    type: setting.text(),
    description:
      'The base DN of the search for users, for example `DC=example,DC=com`. Unset: the default of the directory (`defaultNamingContext`, else the first of `namingContexts`).',
  },
  LDAP_BIND_USER: {
    label: 'Service account',
    basic: true,
    type: setting.text(),
    description:
      'The service account that searches: its DN, or `name@domain` in Active Directory. It only needs read access. Required unless `ANONYMOUS_SEARCH_ENABLED` or `LDAP_USER_DN` is set.',
  },
  LDAP_BIND_PASSWORD: {
    label: 'Password of the service account',
    basic: true,
    type: setting.text(),
    secret: true,
    description: 'The password of the service account. At the next start, `LDAP_BIND_CREDENTIALS` replaces it in `config.json`.',
  },
  LDAP_BIND_CREDENTIALS: {
    label: 'Encrypted password of the service account',
    type: setting.text(),
    part: 'none',
    secret: true,
    kept: true,
    description: "The password of the service account, encrypted with the connector's private key.",
  },
  LDAP_BIND_METHOD: {
    label: 'How the service account signs in',
    type: setting.oneOf('simple', 'external'),
    default: 'simple',
    description:
      'How the service account proves itself. `simple`: `LDAP_BIND_USER` with its password. `external`: the client certificate (SASL EXTERNAL), which the server maps to an account. Users always sign in with their passwords.',
  },
  LDAP_CLIENT_CERT: {
    label: 'Client certificate',
    type: setting.text(),
    description:
      'The certificate that the connector presents to directory servers that demand one, such as Google Secure LDAP: PEM, followed by its intermediate certificates, as text or as the path of a file. A renewed file is used within a minute.',
  },
  LDAP_CLIENT_KEY: {
    label: 'Key of the client certificate',
    type: setting.text(),
    secret: true,
    description: 'The private key of `LDAP_CLIENT_CERT`, in the same form.',
  },
  LDAP_CLIENT_PFX: {
    label: 'Client certificate with key (PKCS #12)',
    type: setting.text(),
    secret: true,
    description: 'Certificate and key as PKCS #12 in base64, instead of `LDAP_CLIENT_CERT` and `LDAP_CLIENT_KEY`.',
  },
  LDAP_CLIENT_KEY_PASSWORD: {
    label: 'Password of the client certificate',
    type: setting.text(),
    secret: true,
    description: 'The password of `LDAP_CLIENT_PFX` or `LDAP_CLIENT_KEY`.',
  },
  ANONYMOUS_SEARCH_ENABLED: {
    label: 'Search without a service account',
    ...OFF_BY_DEFAULT,
    description:
      'Searches without a service account, if the directory allows anonymous searches. The connector tests this at start and logs a failure. No effect if `LDAP_BIND_USER` and its password are set.',
  },
  LDAP_STARTTLS: {
    label: 'Use StartTLS',
    basic: true,
    type: setting.boolean(),
    description:
      'Encrypts `ldap://` connections with StartTLS before anything is sent. A server without StartTLS is not used. Unset: on for servers on other machines.',
  },
  LDAP_INSECURE_NO_TLS: {
    label: 'Allow a directory without TLS',
    ...OFF_BY_DEFAULT,
    insecure: true,
    description:
      'Uses `ldap://` to servers on other machines without TLS, so every password crosses the network in clear text. Becomes `true` if a replaced connector was configured that way.',
  },
  LDAP_INSECURE_SKIP_TLS_VERIFY: {
    label: 'Accept any directory certificate',
    ...OFF_BY_DEFAULT,
    insecure: true,
    description: "Accepts any certificate of a directory server. Add the directory's CA to `CA_CERT` or `SSL_CA_FILE` instead.",
  },
  LDAP_CONNECT_TIMEOUT_MS: {
    label: 'Time limit for connecting',
    type: setting.integer(100, MAX_MS),
    default: 5000,
    description: 'The time limit in milliseconds for connecting to a directory server, TLS included.',
  },
  LDAP_OPERATION_TIMEOUT_MS: {
    label: 'Time limit for an answer',
    type: setting.integer(100, MAX_MS),
    default: 10_000,
    description: 'The time limit in milliseconds for one bind, search or change, once it is sent.',
  },
  LDAP_SEARCH_CONNECTIONS: {
    label: 'Connections for searches',
    type: setting.integer(1, 64),
    default: 2,
    description: 'The number of connections for searches. Each carries many searches at the same time.',
  },
  LDAP_NUMBER_OF_PARALLEL_BINDS: {
    label: 'Passwords checked at a time',
    // Measured on one server: 8 connections do 2.4 times the binds of one. More gain little, and each is a TLS session that the domain
    // controller keeps open. A burst of sign-ins waits in a queue instead of opening a burst of connections.
    type: setting.integer(1, 256),
    default: 8,
    description: 'How many passwords are checked at the same time, each on a connection of its own. Further sign-ins wait.',
  },
  LDAP_HEARTBEAT_SECONDS: {
    label: 'Interval of connection checks',
    type: setting.integer(0, MAX_SECONDS),
    default: 60,
    description: 'How often in seconds an idle connection to a directory server is checked. `0`: never.',
  },
  LDAP_HEARTBEAT_SEARCH_QUERY: {
    label: 'Search of connection checks',
    type: filter,
    description:
      'The search of that check. Unset: reads the root DSE, which is cheap and needs no rights. The result does not matter. (Auth0 connectors use `(&(objectclass=user)(|(sAMAccountName=foo)(UserPrincipalName=foo)))`.)',
  },
});
