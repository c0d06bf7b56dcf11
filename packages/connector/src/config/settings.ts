/**
 * The one list of every setting of the connector. `config.json`, the environment, `config check`, `config show`, the setup and
 * `docs/configuration.md` know exactly these.
 *
 * Queries whose best value depends on the kind of directory have no default here: unset, they are `undefined`, and `ldap/` takes
 * what suits the directory that it finds. Their descriptions name what Active Directory gets.
 */
import { isIP } from 'node:net';
import { type Setting, type SettingType, type SettingValues, setting } from '@landbridge/runtime';
import { z } from 'zod';

/** Groups of the reference. */
const HUB = 'Hub';
const DIRECTORY = 'Directory';
const USERS = 'Finding people';
const GROUPS = 'Groups';
const SIGN_IN = 'Signing in and passwords';
const PROFILE = 'Profile';
const TRUST = 'Certificates and proxies';
const PROCESS = 'The process';
const CONSOLE = 'The console';
const FRONT_CHANNEL = 'Kerberos and client certificates';
const KEPT = 'Kept by the connector';

/** A day: beyond it a number of seconds was meant as milliseconds. */
const MAX_SECONDS = 86_400;
const MAX_MS = MAX_SECONDS * 1000;

const ldapUrls: SettingType<string[]> = {
  describe: 'a URL such as `ldaps://dc1.example.com` or `ldaps:///DC=example,DC=com`, or several separated by commas or spaces',
  schema: z
    // A comma inside of a DN separates nothing.
    .union([
      z.array(z.string()),
      z.string().transform((text) =>
        text
          .split(/[\s,]+(?=ldaps?:)/i)
          .map((url) => url.replace(/[\s,]+$/, ''))
          .filter(Boolean),
      ),
    ])
    .pipe(
      z
        .array(
          z
            .string()
            .trim()
            .refine((text) => URL.canParse(text) && LDAP_URL.test(text)),
        )
        .min(1),
    ),
};

/** A host, or the DN of a domain and no host. */
const LDAP_URL = /^ldaps?:\/\/(?:[^/@,\s]+\/?|\/DC=[a-z0-9_-]+(?:,DC=[a-z0-9_-]+)*)$/i;

const dnsServers: SettingType<string[]> = {
  describe: 'addresses such as `10.0.0.10` or `10.0.0.10:53` (`[fd00::10]:53`), separated by commas or spaces',
  schema: z
    .union([z.array(z.string()), z.string().transform((text) => text.split(/[\s,]+/).filter(Boolean))])
    .pipe(z.array(z.string().refine((text) => isIP(text) !== 0 || isIP(/^\[?(.*?)\]?:\d{1,5}$/.exec(text)?.[1] ?? '') !== 0))),
};

const ipAddress: SettingType<string> = {
  describe: 'an IP address such as `10.0.0.5`; `0.0.0.0` or `::` for all of this machine',
  schema: z
    .string()
    .trim()
    .refine((text) => isIP(text) !== 0),
};

const addressRanges: SettingType<string[]> = {
  describe: 'addresses and ranges such as `10.0.0.5` or `10.0.0.0/24`, separated by commas',
  schema: setting.list().schema.pipe(
    z.array(
      z.string().refine((text) => {
        const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
        return isIP(address) !== 0 && (prefix === undefined || Number(prefix) <= (isIP(address) === 4 ? 32 : 128));
      }),
    ),
  ),
};

/** `proxy.corp:3128` is what people write, so a missing scheme means `http://`. */
const proxyUrl: SettingType<string> = {
  describe:
    'the address of an HTTP proxy, such as `http://proxy.example:3128` (the file of an automatic configuration, `.pac`, is not one)',
  schema: z
    .string()
    .trim()
    .transform((text) => (text.includes('://') ? text : `http://${text}`))
    .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !/\.pac$/i.test(new URL(text).pathname)),
};

const filterWithName: SettingType<string> = {
  describe: 'an LDAP filter in which `{0}` stands for what is looked for',
  schema: z.string().trim().regex(/\{0\}/),
};
const nameTemplate: SettingType<string> = {
  describe: 'a distinguished name in which `{0}` stands for the name that was typed',
  schema: z.string().trim().regex(/\{0\}/),
};
const filter: SettingType<string> = { describe: 'an LDAP filter', schema: z.string().trim() };

export const SETTINGS = {
  PROVISIONING_TICKET: {
    type: setting.url('https', 'http'),
    group: HUB,
    secret: true,
    description: 'The ticket URL of the connection. Everything else about the hub is read from there, at each start.',
  },
  HUB_INSECURE_NO_TLS: {
    type: setting.boolean(),
    default: false,
    group: HUB,
    insecure: true,
    description:
      'Allows a ticket or hub whose address begins with `http://` or `ws://` on another machine: passwords then cross the network in clear. On the same machine (loopback) it is always allowed.',
  },
  WS_RECONNECT_INTERVAL_MS: {
    type: setting.integer(100, MAX_MS),
    default: 10_000,
    group: HUB,
    description:
      'The longest wait in milliseconds before the connector tries to reach the hub again. The first waits are shorter than a second, and they grow.',
  },

  LDAP_URL: {
    type: ldapUrls,
    group: DIRECTORY,
    description:
      'The directory servers; the first that is well is used, the others stand by. Required. `ldaps://` is encrypted, `ldap://` to another machine too (StartTLS). `ldaps:///DC=example,DC=com`, or the name of a domain in place of a host, stands for the servers that DNS names for that domain (SRV), in the order that it gives.',
  },
  LDAP_DNS_SERVERS: {
    type: dnsServers,
    default: [],
    group: DIRECTORY,
    description: "The DNS servers that are asked for the servers of `LDAP_URL`: often the domain controllers. Unset: the system's.",
  },
  LDAP_TRUSTED_DOMAINS: {
    type: setting.list(),
    default: [],
    group: DIRECTORY,
    description:
      'Domains whose hosts may be given passwords though `LDAP_URL` does not name them: DNS may name them as servers of the domain in `LDAP_URL`, and referrals may lead to them (`LDAP_FOLLOW_REFERRALS`). Hosts in the domain of `LDAP_URL` itself are trusted already.',
  },
  LDAP_FOLLOW_REFERRALS: {
    type: setting.boolean(),
    default: false,
    group: DIRECTORY,
    description:
      "Follows referrals of the directory to other servers in searches, as the service account, to servers of `LDAP_URL`, of its domains and of `LDAP_TRUSTED_DOMAINS` only. A person's password is never sent to where a referral leads.",
  },
  LDAP_BASE: {
    type: setting.text(),
    group: DIRECTORY,
    description:
      'The DN below which people are looked for, for example `DC=example,DC=com`. Unset: what the directory names as its default (`defaultNamingContext`, else the first of `namingContexts`).',
  },
  LDAP_BASE_GROUPS: {
    type: setting.text(),
    group: DIRECTORY,
    description:
      'The DN below which groups are looked for. Unset: `LDAP_BASE`. In Active Directory groups elsewhere in the domain are not reported, but those that they are in are.',
  },
  LDAP_BIND_USER: {
    type: setting.text(),
    group: DIRECTORY,
    description:
      'The service account that searches: its DN, or in Active Directory `name@domain`. It needs no right but to read. Needed unless `ANONYMOUS_SEARCH_ENABLED` or `LDAP_USER_DN` is set.',
  },
  LDAP_BIND_PASSWORD: {
    type: setting.text(),
    group: DIRECTORY,
    secret: true,
    description: 'The password of the service account. In `config.json` it is replaced by `LDAP_BIND_CREDENTIALS` at the next start.',
  },
  LDAP_BIND_CREDENTIALS: {
    type: setting.text(),
    group: DIRECTORY,
    secret: true,
    kept: true,
    description: "The password of the service account, encrypted with the connector's private key.",
  },
  ANONYMOUS_SEARCH_ENABLED: {
    type: setting.boolean(),
    default: false,
    group: DIRECTORY,
    description:
      'Searches without a service account, in a directory that allows it to whoever asks; at the start it is tried, and the log says where it does not. Without effect where `LDAP_BIND_USER` and its password are set.',
  },
  LDAP_STARTTLS: {
    type: setting.boolean(),
    group: DIRECTORY,
    description:
      'Encrypts `ldap://` connections with StartTLS before anything is sent. A server that cannot do it is then not used. Unset: for servers on other machines.',
  },
  LDAP_INSECURE_NO_TLS: {
    type: setting.boolean(),
    default: false,
    group: DIRECTORY,
    insecure: true,
    description:
      'Speaks `ldap://` to servers on other machines without TLS: every password crosses the network in clear. A configuration taken over from an installed connector that did so gets `true`.',
  },
  LDAP_INSECURE_SKIP_TLS_VERIFY: {
    type: setting.boolean(),
    default: false,
    group: DIRECTORY,
    insecure: true,
    description: "Accepts any certificate of a directory server. Put the directory's CA into `CA_CERT` or `SSL_CA_FILE` instead.",
  },
  LDAP_CONNECT_TIMEOUT_MS: {
    type: setting.integer(100, MAX_MS),
    default: 5000,
    group: DIRECTORY,
    description: 'How long in milliseconds a connection to a directory server may take, TLS included.',
  },
  LDAP_OPERATION_TIMEOUT_MS: {
    type: setting.integer(100, MAX_MS),
    default: 10_000,
    group: DIRECTORY,
    description: 'How long in milliseconds one bind, search or change may take, once it is sent.',
  },
  LDAP_SEARCH_CONNECTIONS: {
    type: setting.integer(1, 64),
    default: 2,
    group: DIRECTORY,
    description: 'How many connections carry searches. Each carries many at the same time.',
  },
  LDAP_NUMBER_OF_PARALLEL_BINDS: {
    // Measured on one server: 8 connections do 2.4 times the binds of one; more gain little, and each is a TLS session that the
    // domain controller keeps open. A burst of logins waits in a queue instead of opening a burst of connections.
    type: setting.integer(1, 256),
    default: 8,
    group: DIRECTORY,
    description: 'How many passwords are checked at the same time, each on a connection of its own. More logins than that wait.',
  },
  LDAP_HEARTBEAT_SECONDS: {
    type: setting.integer(1, MAX_SECONDS),
    default: 60,
    group: DIRECTORY,
    description: 'How often in seconds an idle connection to a directory server is tried.',
  },
  LDAP_HEARTBEAT_SEARCH_QUERY: {
    type: filter,
    group: DIRECTORY,
    description:
      'The search of that trial. Unset: the root DSE is read, which costs the least and needs no right. What comes back does not matter. (Installed connectors: `(&(objectclass=user)(|(sAMAccountName=foo)(UserPrincipalName=foo)))`.)',
  },

  LDAP_USER_BY_NAME: {
    type: filterWithName,
    group: USERS,
    description:
      'Finds the person who signs in; `{0}` is the name. Unset: what suits the directory; in Active Directory the names that Windows takes (`alice`, `FABRIKAM\\alice`, `alice@fabrikam.local`), for `alice` by `(sAMAccountName={0})`.',
  },
  LDAP_USER_BY_MAIL: {
    type: setting.boolean(),
    default: false,
    group: USERS,
    description:
      "Lets people type their mail address as well (`mail`; in Active Directory also `proxyAddresses`). A name that `LDAP_USER_BY_NAME`, or its default, finds comes first. An address that several people have is nobody's, and the log says so: whoever may write such an address can take it from somebody, but not sign in as them.",
  },
  LDAP_USER_DN: {
    type: nameTemplate,
    group: USERS,
    description:
      'Makes the DN of the person who signs in, instead of a search; `{0}` is the name, for example `uid={0},ou=people,dc=example,dc=org`. No service account is needed for that: people then read their own entry, their groups are those of its `memberOf`, and a wrong name is answered as a wrong password. With a service account that sees the entry, everything is as with a search. Comes before `LDAP_USER_BY_NAME` and `LDAP_USER_BY_MAIL`.',
  },
  LDAP_USER_ATTRIBUTES: {
    type: setting.list(),
    group: USERS,
    description:
      'The attributes that are asked for of people, and `memberOf`. Unset: those of the default profile; with a profile mapper of your own, all. Attributes that the service account may not see are left out, and secrets such as `userPassword` are never asked for. The profile needs one of `objectGUID`, `uid`, `cn` as its `id`.',
  },
  LDAP_SEARCH_QUERY: {
    type: filterWithName,
    group: USERS,
    description: 'Finds people by a term. Unset: what suits the directory, in Active Directory `(&(objectCategory=person)(anr={0}))`.',
  },
  LDAP_SEARCH_ALL_QUERY: {
    type: filter,
    group: USERS,
    description: 'Finds everybody. Unset: what suits the directory, in Active Directory `(objectCategory=person)`.',
  },
  LDAP_SEARCH_RESULTS_OMIT_GROUPS: {
    type: setting.boolean(),
    default: true,
    group: USERS,
    description: 'Leaves the groups out of the profiles of a search. With `false` every person found costs a search of groups.',
  },

  GROUPS: {
    type: setting.boolean(),
    default: true,
    group: GROUPS,
    description: 'Looks for the groups of a person at sign-in.',
  },
  LDAP_SEARCH_GROUPS: {
    type: filterWithName,
    group: GROUPS,
    description:
      "Finds the groups of a person by one search; `{0}` is the DN. It is obeyed as it stands. Unset: groups are found in the way that suits the directory, nested ones too; in Active Directory those of `(member:1.2.840.113556.1.4.1941:={0})` and the primary group, at a small part of that query's cost.",
  },
  LDAP_SEARCH_LIST_GROUPS_QUERY: {
    type: filter,
    group: GROUPS,
    description: 'Finds every group. Unset: what suits the directory, in Active Directory `(objectCategory=group)`.',
  },
  GROUP_PROPERTY: {
    type: setting.text(),
    default: 'cn',
    group: GROUPS,
    description: 'The attribute by which a group is named in a profile.',
  },
  GROUP_PROPERTIES: {
    type: setting.list(),
    default: [],
    group: GROUPS,
    description: 'With one or more attributes here, each group in a profile is an object of these attributes instead of a name.',
  },
  GROUPS_CACHE_SECONDS: {
    type: setting.integer(0, MAX_SECONDS),
    default: 600,
    group: GROUPS,
    description:
      'How long in seconds the memberships of a group are remembered at the most; groups in use are read again in the second half of that time. Who is in a group directly is never remembered. At most 64 MB are used. `0`: nothing is remembered.',
  },
  GROUPS_ON_FAILURE: {
    type: setting.oneOf('omit', 'stale', 'fail'),
    default: 'omit',
    group: GROUPS,
    description:
      'What becomes of a sign-in whose groups cannot be read. `omit`: it goes on, and the profile has no `groups`. `stale`: what was known of the groups within the last day stands in, with `omit` where that is not enough; a right that was taken away through a nested group may last that long. `fail`: the sign-in is answered with `Unexpected Error`, for applications that would take a missing group for a right. Each is logged.',
  },
  GROUPS_TIMEOUT_SECONDS: {
    type: setting.integer(1, MAX_SECONDS),
    default: 20,
    group: GROUPS,
    description: 'How long in seconds finding the groups may take. After that `GROUPS_ON_FAILURE` decides, and the log says so.',
  },
  GROUPS_DEREF_ALIASES: {
    type: setting.integer(0, 3),
    default: 0,
    group: GROUPS,
    description: 'Aliases in the search of groups are followed: `0` never, `1` when searching, `2` when finding the base, `3` always.',
  },

  ALLOW_PASSWORD_EXPIRED: {
    type: setting.boolean(),
    default: false,
    group: SIGN_IN,
    description: 'Signs people in whose password is right but expired.',
  },
  ALLOW_PASSWORD_CHANGE_REQUIRED: {
    type: setting.boolean(),
    default: false,
    group: SIGN_IN,
    description: 'Signs people in whose password is right but must be changed.',
  },
  PASSWORD_EXPIRY_WARNING_DAYS: {
    type: setting.integer(0, 365),
    default: 5,
    group: SIGN_IN,
    description:
      'The profile of people whose password expires within so many days has `passwordExpiresAt` (as in `2026-11-30T08:00:00.000Z`); 0 for never. Other directories than Active Directory tell it only within the time that their own policy sets.',
  },
  ENABLE_WRITE_BACK: {
    type: setting.boolean(),
    default: false,
    group: SIGN_IN,
    description:
      'Lets the hub set anybody’s password without the old one (an administrator’s reset). The service account needs the right to reset them.',
  },
  ENABLE_PASSWORD_SELF_CHANGE: {
    type: setting.boolean(),
    default: false,
    group: SIGN_IN,
    description:
      'Lets people change their own password with the old one, also one that has expired or must be changed. The service account needs no right for it in Active Directory; elsewhere the directory must know the password modify operation (RFC 3062).',
  },
  ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD: {
    type: setting.boolean(),
    group: SIGN_IN,
    description:
      'Sets passwords in the attribute `unicodePwd`, over an encrypted connection only, instead of in `userPassword`. Unset: in Active Directory it does, elsewhere not. (Active Directory keeps what is written to `userPassword` as readable text, unless its `dSHeuristics` say otherwise.)',
  },
  AUTO_UNLOCK_ON_PASSWORD_CHANGE: {
    type: setting.boolean(),
    default: false,
    group: SIGN_IN,
    description:
      'Unlocks the account (`lockoutTime` = 0) when its password is set by `ENABLE_WRITE_BACK`. Without the right to do so the password is set all the same, and the log says so. Directories other than Active Directory unlock by themselves.',
  },
  MUST_CHANGE_PASSWORD_AFTER_RESET: {
    type: setting.boolean(),
    default: false,
    group: SIGN_IN,
    description:
      'A password set by `ENABLE_WRITE_BACK` must be changed by its owner before the next sign-in: `pwdLastSet` = 0 in Active Directory, `pwdReset` = TRUE elsewhere. The service account needs the right to write that.',
  },

  PROFILE_MAPPER_FILE: {
    type: setting.text(),
    group: PROFILE,
    description: 'Another path of the profile mapper than `lib/profileMapper.js` (or `data/profileMapper/custom.js`).',
  },
  PROFILE_MAPPER: {
    type: setting.text(),
    group: PROFILE,
    description: 'The source of the profile mapper itself; comes before a file.',
  },
  PROFILE_MAPPING_MEMORY_LIMIT_MB: {
    type: setting.integer(16, 1024),
    default: 16,
    group: PROFILE,
    description: 'How many megabytes of memory a profile mapper may use.',
  },
  PROFILE_MAPPING_TIMEOUT_MS: {
    type: setting.integer(10, 600_000),
    default: 10_000,
    group: PROFILE,
    description: 'How long in milliseconds a profile mapper may take for one person.',
  },
  ORGANIZATION_UNITS_AS_DN: {
    type: setting.boolean(),
    default: false,
    group: PROFILE,
    description:
      'Gives `organizationUnits` as the whole DN, as installed connectors do, instead of the names of the units, nearest first. A configuration taken over from an installed connector gets `true`.',
  },

  CA_CERT: {
    type: setting.pem(),
    default: [],
    group: TRUST,
    description: "Certificates of further CAs that are trusted, for the hub and for the directory, beside the system's and Node's own.",
  },
  SSL_CA_FILE: { type: setting.text(), group: TRUST, description: 'A file of such certificates (PEM).' },
  SSL_CA_PATH: { type: setting.text(), group: TRUST, description: 'A folder of such files.' },
  AUTH_CERT: {
    type: setting.text(),
    group: TRUST,
    description:
      "The connector's own certificate, as PEM text (line ends may be written `\\n`) or as the path of a file. Unset: `certs/cert.pem`, which is made at the first start and never overwritten.",
  },
  AUTH_CERT_KEY: {
    type: setting.text(),
    group: TRUST,
    secret: true,
    description: 'The private key of that certificate, likewise. Unset: `certs/cert.key`.',
  },
  HTTP_PROXY: {
    type: proxyUrl,
    group: TRUST,
    secret: true,
    description: 'The proxy through which the hub is reached, `https://` too. `http://user:password@host:port` where it wants a password.',
  },
  HTTPS_PROXY: { type: proxyUrl, group: TRUST, secret: true, description: 'Another proxy for `https://` and `wss://` addresses.' },
  NO_PROXY: {
    type: setting.list(),
    default: [],
    group: TRUST,
    description: 'Hosts that are reached without the proxy: `host`, `.domain`, either with `:port`, or `*`.',
  },

  LOG_LEVEL: {
    type: setting.oneOf('debug', 'info', 'warn', 'error'),
    default: 'info',
    group: PROCESS,
    description: 'How much is logged.',
  },
  LOG_FORMAT: {
    type: setting.oneOf('text', 'json'),
    default: 'text',
    group: PROCESS,
    restart: true,
    description: 'Lines for people or for machines.',
  },
  LOG_FILE: {
    type: setting.boolean(),
    default: true,
    group: PROCESS,
    restart: true,
    description:
      "Writes the log to `logs/connector.log` in the connector's home as well, which the console shows and clears. Without a configuration file (`OVERRIDE_CONFIG=false`) only where it is set.",
  },
  LOG_FILE_MAX_MB: {
    type: setting.integer(1, 1024),
    default: 10,
    group: PROCESS,
    restart: true,
    description: 'How many megabytes that file may have before it is put aside and a new one begun.',
  },
  LOG_FILES_KEPT: {
    type: setting.integer(0, 100),
    default: 5,
    group: PROCESS,
    restart: true,
    description: 'How many files that were put aside are kept (`connector.log.1` is the newest).',
  },
  SHUTDOWN_GRACE_MS: {
    type: setting.integer(0, 20_000),
    default: 10_000,
    group: PROCESS,
    description: 'How long in milliseconds running requests may take to finish when the connector stops.',
  },
  OVERRIDE_CONFIG: {
    type: setting.boolean(),
    default: true,
    group: PROCESS,
    restart: true,
    description: '`false` (environment only): no configuration file is read or written.',
  },

  CONSOLE_ENABLED: {
    type: setting.boolean(),
    default: true,
    group: CONSOLE,
    restart: true,
    description:
      'Opens the console, the pages for administrators. Never with `OVERRIDE_CONFIG=false`: there is nothing that it could change.',
  },
  CONSOLE_PORT: {
    type: setting.integer(0, 65_535),
    default: 8357,
    group: CONSOLE,
    restart: true,
    description: 'The port of the console on `127.0.0.1`. `0`: one that is free; the log says which.',
  },
  CONSOLE_INSECURE_ADDRESS: {
    type: ipAddress,
    group: CONSOLE,
    restart: true,
    insecure: true,
    description:
      'Opens the console at another address than `127.0.0.1`, without TLS: whoever listens on the network reads the password of the console. An SSH tunnel to `127.0.0.1` does without it.',
  },

  PORT: {
    type: setting.integer(0, 65_535),
    default: 4000,
    group: FRONT_CHANNEL,
    description:
      'The port at which browsers reach the connector. It is opened only where Kerberos, client certificates or a proxy that does Kerberos are on.',
  },
  LISTEN_ADDRESS: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    description:
      'The address of this machine on which that port is opened. Unset: all of them; without a certificate and without `TRUSTED_PROXIES`, only `127.0.0.1`.',
  },
  SERVER_URL: {
    type: setting.url('http', 'https'),
    group: FRONT_CHANNEL,
    description: 'The address at which browsers reach the connector. Unset: `http://HOSTNAME:PORT`. The hub is told it.',
  },
  SITE_NAME: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    description: 'The title of the sign-in form. Unset: the name of the connection.',
  },
  SSL_PFX: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    secret: true,
    description: 'The certificate and key (PKCS #12, base64) with which browsers are served.',
  },
  SSL_CERT: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    description:
      'The same as PEM, in place of `SSL_PFX`: the certificate with those of its authorities behind it, as text or as the path of a file. A file that changes is taken up within a minute.',
  },
  SSL_KEY: { type: setting.text(), group: FRONT_CHANNEL, secret: true, description: 'The private key of `SSL_CERT`, likewise.' },
  SSL_KEY_PASSWORD: { type: setting.text(), group: FRONT_CHANNEL, secret: true, description: 'The password of `SSL_PFX` or `SSL_KEY`.' },
  TRUSTED_PROXIES: {
    type: addressRanges,
    default: [],
    group: FRONT_CHANNEL,
    description:
      'Reverse proxies in front of the connector. Only these may come without TLS, and only they are believed for whom they ask (`X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-User`).',
  },
  MAX_HEADER_SIZE: {
    type: setting.integer(1024, 1_048_576),
    default: 16_384,
    group: FRONT_CHANNEL,
    description:
      'How many bytes the headers of a browser may have. With Kerberos it is at least 98,304: the ticket of a person in a thousand groups is long.',
  },
  SESSION_MINUTES: {
    type: setting.integer(0, 1440),
    default: 60,
    group: FRONT_CHANNEL,
    description:
      'How long in minutes somebody who signed in at the form is not asked again. `0`: each time. The account is looked at each time in any case.',
  },
  SESSION_SECRET: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    secret: true,
    kept: true,
    description:
      "Signs session cookies, together with the connector's private key. Random, made at the first start. Connectors behind one load balancer need the same of both: set them up from one export.",
  },
  KERBEROS_AUTH: {
    type: setting.boolean(),
    default: false,
    group: FRONT_CHANNEL,
    kept: true,
    description: 'The connection wants Kerberos. Set by the hub.',
  },
  WITH_KERBEROS_PROXY_FRONTEND: {
    type: setting.boolean(),
    default: false,
    group: FRONT_CHANNEL,
    description:
      'A reverse proxy in front of the connector does Kerberos and says in `X-Forwarded-User` who it is: `user@REALM`, `DOMAIN\\user` or `user`. Believed of `TRUSTED_PROXIES` only.',
  },
  KERBEROS_KEYTAB: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    restart: true,
    description:
      'The file with the key of the service principal name `HTTP/` and the host of `SERVER_URL`, by which tickets are checked (Linux and macOS). A file that changes counts at once. Whoever can read it can sign in as anybody.',
  },
  KERBEROS_REALMS: {
    type: setting.list(),
    group: FRONT_CHANNEL,
    description:
      'The realms whose people are taken, to the letter, for example `FABRIKAM.LOCAL`. Unset: that of the keytab. With `WITH_KERBEROS_PROXY_FRONTEND` also the domains that may stand before a backslash; unset, the directory decides, which Active Directory does by its own domain, and others by finding nobody.',
  },
  KERBEROS_USER: {
    type: setting.oneOf('account', 'userPrincipalName', 'krbPrincipalName'),
    default: 'account',
    group: FRONT_CHANNEL,
    description:
      'Who a Kerberos principal is. `account`: what stands before the realm is a user name. The others: the person who has the whole principal in that attribute.',
  },
  KERBEROS_DEBUG: {
    type: setting.boolean(),
    default: false,
    group: FRONT_CHANNEL,
    restart: true,
    description: 'Logs each step by which a Kerberos ticket is checked. The environment variable `DEBUG=kerberos-server` does it too.',
  },
  KERBEROS_DEBUG_USER: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    description: 'Of installed connectors, where it signs everybody in as that person. Ignored.',
  },
  CLIENT_CERT_AUTH: {
    type: setting.boolean(),
    default: false,
    group: FRONT_CHANNEL,
    kept: true,
    description: 'The connection wants client certificates. Set by the hub.',
  },
  CLIENT_CERT_CA: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    description:
      'The authorities whose client certificates are taken, roots and intermediate ones: PEM text, or the path of a file. Unset: those of `CA_CERT`, `SSL_CA_FILE` and `SSL_CA_PATH`, as installed connectors do; set it where those hold an authority that is there for something else.',
  },
  CLIENT_CERT_CRL: {
    type: setting.list(),
    default: [],
    group: FRONT_CHANNEL,
    description:
      'Certificate revocation lists (PEM or DER): files, or folders of `.crl`, `.pem` and `.der` files, read again each minute. With any, every authority in the chain of a client certificate needs a current one.',
  },
  CLIENT_CERT_USER: {
    type: setting.oneOf('cn', 'upn', 'mail', 'directory'),
    default: 'cn',
    group: FRONT_CHANNEL,
    description:
      "By what a client certificate's person is found: its subject CN as a user name; the User Principal Name or the mail address in its alternative names; or the entry that names this certificate (`altSecurityIdentities` with issuer and serial number, `userCertificate`).",
  },

  AD_HUB: { type: setting.url('https', 'http', 'wss', 'ws'), group: KEPT, kept: true, description: "The hub's address. From the ticket." },
  CONNECTION: { type: setting.text(), group: KEPT, kept: true, description: 'The name of the connection. From the ticket.' },
  REALM: {
    type: setting.text(),
    group: KEPT,
    kept: true,
    description: 'The name of the realm. From the ticket. A key of this name holds the reply addresses that the hub allows.',
  },
  WSFED_ISSUER: { type: setting.text(), group: KEPT, kept: true, description: 'The domain of the connection. From the ticket.' },
  TENANT_SIGNING_KEY: {
    type: setting.text(),
    group: KEPT,
    kept: true,
    description: "The certificate or public key with which the hub's requests are verified. Unset: the hub's JWKS document is read.",
  },
  LAST_SENT_THUMBPRINT: {
    type: setting.text(),
    group: KEPT,
    kept: true,
    description: "The SHA-1 thumbprint of the connector's certificate that the hub was last told.",
  },
  AGENT_MODE: { type: setting.boolean(), group: KEPT, kept: true, description: 'Of installed connectors. Ignored.' },
  FIREWALL_RULE_CREATED: { type: setting.boolean(), group: KEPT, kept: true, description: 'Of installed connectors. Ignored.' },
  CONNECTIONS_API_V2_KEY: {
    type: setting.text(),
    group: KEPT,
    secret: true,
    description:
      "A token of the tenant's management API (`read:connections`). Only `troubleshoot` uses it, where the ticket does not tell which certificates the hub knows.",
  },
  CONFIG_VERSION: {
    type: setting.integer(1, 1000),
    group: KEPT,
    kept: true,
    description: 'The version of this file. Without one the file was written by a person or by an installed connector.',
  },
} as const satisfies Record<string, Setting<unknown> | Setting<never>>;

export type SettingName = keyof typeof SETTINGS;

/** Every setting's value, defaults filled in; those without a default may be undefined. */
export type ConnectorSettings = SettingValues<typeof SETTINGS>;

/** @returns whether a key of `config.json` is a setting of this list */
export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}
