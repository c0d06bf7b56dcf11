/** The directory servers, and how they are spoken to. */
import { setting } from '@landbridge/runtime';
import type { ConnectorSettingList } from '../parts.ts';
import { dnsServers, filter, ldapUrls, MAX_MS, MAX_SECONDS } from './types.ts';

/** Group of the reference. */
const DIRECTORY = 'Directory';

export const DIRECTORY_SETTINGS = {
  LDAP_URL: {
    type: ldapUrls,
    group: DIRECTORY,
    part: 'directory',
    description:
      'The directory servers; the first that is well is used, the others stand by. Required. `ldaps://` is encrypted, `ldap://` to another machine too (StartTLS). `ldaps:///DC=example,DC=com`, or the name of a domain in place of a host, stands for the servers that DNS names for that domain (SRV), in the order that it gives.',
  },
  LDAP_DNS_SERVERS: {
    type: dnsServers,
    default: [],
    group: DIRECTORY,
    part: 'directory',
    description: "The DNS servers that are asked for the servers of `LDAP_URL`: often the domain controllers. Unset: the system's.",
  },
  LDAP_TRUSTED_DOMAINS: {
    type: setting.list(),
    default: [],
    group: DIRECTORY,
    part: 'directory',
    description:
      'Domains whose hosts may be given passwords though `LDAP_URL` does not name them: DNS may name them as servers of the domain in `LDAP_URL`, and referrals may lead to them (`LDAP_FOLLOW_REFERRALS`). Hosts in the domain of `LDAP_URL` itself are trusted already.',
  },
  LDAP_FOLLOW_REFERRALS: {
    type: setting.boolean(),
    default: false,
    group: DIRECTORY,
    part: 'directory',
    description:
      "Follows referrals of the directory to other servers in searches, as the service account, to servers of `LDAP_URL`, of its domains and of `LDAP_TRUSTED_DOMAINS` only. A person's password is never sent to where a referral leads.",
  },
  LDAP_BASE: {
    type: setting.text(),
    group: DIRECTORY,
    part: 'directory',
    description:
      'The DN below which people are looked for, for example `DC=example,DC=com`. Unset: what the directory names as its default (`defaultNamingContext`, else the first of `namingContexts`).',
  },
  LDAP_BASE_GROUPS: {
    type: setting.text(),
    group: DIRECTORY,
    part: 'directory',
    description:
      'The DN below which groups are looked for. Unset: `LDAP_BASE`. In Active Directory groups elsewhere in the domain are not reported, but those that they are in are.',
  },
  LDAP_BIND_USER: {
    type: setting.text(),
    group: DIRECTORY,
    part: 'directory',
    description:
      'The service account that searches: its DN, or in Active Directory `name@domain`. It needs no right but to read. Needed unless `ANONYMOUS_SEARCH_ENABLED` or `LDAP_USER_DN` is set.',
  },
  LDAP_BIND_PASSWORD: {
    type: setting.text(),
    group: DIRECTORY,
    part: 'directory',
    secret: true,
    description: 'The password of the service account. In `config.json` it is replaced by `LDAP_BIND_CREDENTIALS` at the next start.',
  },
  LDAP_BIND_CREDENTIALS: {
    type: setting.text(),
    group: DIRECTORY,
    part: 'none',
    secret: true,
    kept: true,
    description: "The password of the service account, encrypted with the connector's private key.",
  },
  ANONYMOUS_SEARCH_ENABLED: {
    type: setting.boolean(),
    default: false,
    group: DIRECTORY,
    part: 'directory',
    description:
      'Searches without a service account, in a directory that allows it to whoever asks; at the start it is tried, and the log says where it does not. Without effect where `LDAP_BIND_USER` and its password are set.',
  },
  LDAP_STARTTLS: {
    type: setting.boolean(),
    group: DIRECTORY,
    part: 'directory',
    description:
      'Encrypts `ldap://` connections with StartTLS before anything is sent. A server that cannot do it is then not used. Unset: for servers on other machines.',
  },
  LDAP_INSECURE_NO_TLS: {
    type: setting.boolean(),
    default: false,
    group: DIRECTORY,
    part: 'directory',
    insecure: true,
    description:
      'Speaks `ldap://` to servers on other machines without TLS: every password crosses the network in clear. A configuration taken over from an installed connector that did so gets `true`.',
  },
  LDAP_INSECURE_SKIP_TLS_VERIFY: {
    type: setting.boolean(),
    default: false,
    group: DIRECTORY,
    part: 'directory',
    insecure: true,
    description: "Accepts any certificate of a directory server. Put the directory's CA into `CA_CERT` or `SSL_CA_FILE` instead.",
  },
  LDAP_CONNECT_TIMEOUT_MS: {
    type: setting.integer(100, MAX_MS),
    default: 5000,
    group: DIRECTORY,
    part: 'directory',
    description: 'How long in milliseconds a connection to a directory server may take, TLS included.',
  },
  LDAP_OPERATION_TIMEOUT_MS: {
    type: setting.integer(100, MAX_MS),
    default: 10_000,
    group: DIRECTORY,
    part: 'directory',
    description: 'How long in milliseconds one bind, search or change may take, once it is sent.',
  },
  LDAP_SEARCH_CONNECTIONS: {
    type: setting.integer(1, 64),
    default: 2,
    group: DIRECTORY,
    part: 'directory',
    description: 'How many connections carry searches. Each carries many at the same time.',
  },
  LDAP_NUMBER_OF_PARALLEL_BINDS: {
    // Measured on one server: 8 connections do 2.4 times the binds of one; more gain little, and each is a TLS session that the
    // domain controller keeps open. A burst of logins waits in a queue instead of opening a burst of connections.
    type: setting.integer(1, 256),
    default: 8,
    group: DIRECTORY,
    part: 'directory',
    description: 'How many passwords are checked at the same time, each on a connection of its own. More logins than that wait.',
  },
  LDAP_HEARTBEAT_SECONDS: {
    type: setting.integer(1, MAX_SECONDS),
    default: 60,
    group: DIRECTORY,
    part: 'directory',
    description: 'How often in seconds an idle connection to a directory server is tried.',
  },
  LDAP_HEARTBEAT_SEARCH_QUERY: {
    type: filter,
    group: DIRECTORY,
    part: 'directory',
    description:
      'The search of that trial. Unset: the root DSE is read, which costs the least and needs no right. What comes back does not matter. (Installed connectors: `(&(objectclass=user)(|(sAMAccountName=foo)(UserPrincipalName=foo)))`.)',
  },
} as const satisfies ConnectorSettingList;
