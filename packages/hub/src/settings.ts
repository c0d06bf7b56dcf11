/** The one list of the hub's settings, read from the environment and from `hub.json` in the home. */
import { join } from 'node:path';
import { DEFAULT_CLOCK_SKEW_LIMIT_SECONDS } from '@landbridge/protocol';
import {
  CodedError,
  canonicalRange,
  inGroup,
  type JsonObject,
  LET_READ,
  loadSettings,
  parseJsonObject,
  readTextIfExists,
  type SettingType,
  type SettingValues,
  setting,
} from '@landbridge/runtime';

/** IP addresses and networks, normalized. */
const networks = (): SettingType<string[]> => ({
  describe: 'a list of IP addresses and networks (`10.0.0.0/8`; in the environment: separated by commas)',
  schema: setting.list().schema.transform((texts, context) =>
    texts.map((text) => {
      const range = canonicalRange(text);
      if (range === undefined) context.addIssue({ code: 'custom', message: 'is not an IP address or network' });
      return range ?? text;
    }),
  ),
});

export const HUB_SETTINGS = {
  ...inGroup('Network', {
    PORT: {
      type: setting.integer(0, 65535),
      default: 4100,
      description: 'The TCP port to listen on. `0`: a free port.',
    },
    LISTEN_ADDRESS: {
      type: setting.text(),
      default: '127.0.0.1',
      description:
        'The address to listen on. Before you open it to other machines, set `TLS_CERT_FILE`, or put a TLS proxy in front of the hub. Otherwise passwords cross the network in clear text.',
    },
    PUBLIC_URL: {
      type: setting.url('http', 'https'),
      description:
        'The URL at which connectors and browsers reach the hub, without a path. It is part of every ticket. Unset: `http://localhost:PORT`, or `https://localhost:PORT` with `TLS_CERT_FILE`.',
    },
    TLS_CERT_FILE: {
      type: setting.text(),
      description:
        'PEM file with the certificate of the hub, followed by its intermediate certificates. With it the hub only serves HTTPS. A renewed file is used within a minute, without a restart.',
    },
    TLS_KEY_FILE: {
      type: setting.text(),
      description: 'PEM file with the private key of that certificate, unencrypted, and readable only by the account of the hub.',
    },
    TLS_EXPIRY_WARNING_DAYS: {
      type: setting.integer(0, 365),
      default: 14,
      description: 'The log warns once a day when the certificate expires within this many days.',
    },
    TRUSTED_PROXIES: {
      type: networks(),
      default: [],
      description:
        'The proxies in front of the hub. Only they may set `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Request-Id`; from other addresses these headers are ignored. A listed host can claim any client address.',
    },
  }),
  ...inGroup('Log', {
    LOG_LEVEL: {
      type: setting.oneOf('debug', 'info', 'warn', 'error'),
      default: 'info',
      description: 'The lowest level that is logged.',
    },
    LOG_FORMAT: {
      type: setting.oneOf('text', 'json'),
      default: 'text',
      description: '`text` for people, `json` for machines.',
    },
  }),
  ...inGroup('Requests', {
    LOGIN_TIMEOUT_MS: {
      type: setting.integer(100, 600_000),
      default: 30_000,
      description:
        'The time limit in milliseconds for a sign-in, a search, a list of groups or a password change, from the API call to the answer.',
    },
    MAX_REQUESTS_PER_CONNECTOR: {
      type: setting.integer(1, 100_000),
      default: 256,
      description:
        'The number of requests in flight at one connector. If all connectors are at the limit, further requests are rejected as busy.',
    },
    MAX_REQUESTS: {
      type: setting.integer(1, 1_000_000),
      default: 4096,
      description:
        'The number of requests in flight at all connectors together. Further requests are rejected as busy; the hub has no queue.',
    },
    STOP_READY_DELAY_MS: {
      type: setting.integer(0, 15_000),
      default: 0,
      description:
        'When the hub stops, `/readyz` reports it this many milliseconds before new requests are rejected. Behind a load balancer, set it to twice the interval of its health checks. The sum with `STOP_GRACE_MS` is at most 20000.',
    },
    STOP_GRACE_MS: {
      type: setting.integer(0, 20_000),
      default: 10_000,
      description: 'How long in milliseconds requests in flight may take to finish when the hub stops.',
    },
  }),
  ...inGroup('Guessing protection', {
    GUARD_USER_ATTEMPTS: {
      type: setting.integer(0, 1000),
      default: 4,
      description:
        "How many different wrong passwords of one user within `GUARD_WINDOW_MINUTES` reach the directory. After that, the user's sign-ins are rejected until the first of them is that old. Keep it below the lockout threshold of your directories. `0`: no limit.",
    },
    GUARD_ADDRESS_ATTEMPTS: {
      type: setting.integer(0, 1_000_000),
      default: 300,
      description:
        'How many wrong passwords from one network address (IPv6: one /64) are allowed within `GUARD_WINDOW_MINUTES`; four times as many from its /24 (IPv6: twice from its /56, four times from its /48). After that, sign-ins from there are rejected. A wrong password for an unknown name counts three times, and limits are up to a tenth lower at random, so that they do not reveal which names exist. A whole company may share one address. `0`: no limit.',
    },
    GUARD_WINDOW_MINUTES: {
      type: setting.integer(1, 1440),
      default: 30,
      description: 'How long in minutes a wrong password counts. Use at least the observation window of your directories.',
    },
    GUARD_WAIT_SECONDS: {
      type: setting.integer(0, 3600),
      default: 30,
      description:
        'How long in seconds a user must wait after the third wrong password. Each further one multiplies the wait by four. `0`: no wait.',
    },
    GUARD_REPEAT_MINUTES: {
      type: setting.integer(0, 1440),
      default: 5,
      description:
        'How long in minutes a wrong password is rejected again without asking the directory, and without counting again, so that a device with an old password does not lock its user out. `0`: the directory is always asked.',
    },
    GUARD_SPRAY_USERS: {
      type: setting.integer(0, 100_000),
      default: 10,
      description:
        'For how many users of a connection one and the same password may be wrong within `GUARD_WINDOW_MINUTES`. From then on it counts as password spraying: the hub raises an alarm, and tries that password only once in 30 seconds. `0`: no limit.',
    },
  }),
  ...inGroup('Credential cache', {
    CREDENTIAL_CACHE: {
      type: setting.boolean(),
      default: true,
      description:
        'Lets users who signed in before sign in while no connector or no directory answers, if their connection allows it. `false` also deletes cached credentials.',
    },
    CREDENTIAL_CACHE_MAX_AGE_HOURS: {
      type: setting.integer(1, 8760),
      default: 24,
      description: 'How long in hours a cached credential is valid after the last sign-in that the directory confirmed.',
    },
    CREDENTIAL_CACHE_AFTER_SECONDS: {
      type: setting.integer(0, 86_400),
      default: 30,
      description:
        'How long in seconds the directory of a connection must not have answered before the cache does. After a flood of sockets that may keep connectors out, the cache is closed for ten minutes. Operators can open or close it for a connection.',
    },
  }),
  ...inGroup('Audit log', {
    AUDIT_RETENTION_DAYS: {
      type: setting.integer(0, 36_500),
      default: 365,
      description:
        'How long in days records are kept. Older ones are removed once a day; one record with the hash of the last of them replaces them. `0`: no limit.',
    },
    AUDIT_STREAM_FILE: {
      type: setting.text(),
      description:
        'A file to which each record is appended as a JSON line within a second, for a SIEM. It may be rotated by renaming. After a restart or a restored backup, records may come twice.',
    },
    AUDIT_SYSLOG_URL: {
      type: setting.url('udp', 'tcp', 'tls'),
      description:
        'A syslog receiver for every audit record, as an RFC 5424 message with JSON, and for heads of the audit log: `tls://host:6514`, `tcp://host:514` or `udp://host:514`. With TLS and TCP (octet counting), a batch that the receiver did not read completely is sent again, so records may arrive twice but are never lost. With UDP, records can be lost.',
    },
    AUDIT_HTTP_URL: {
      type: setting.url('https', 'http'),
      description:
        'A URL that receives every audit record, and heads of the audit log, as JSON lines in POST requests. A batch is repeated with the same `Idempotency-Key` until the answer is 2xx.',
    },
    AUDIT_HTTP_TOKEN_FILE: {
      type: setting.text(),
      description: 'A file with the bearer token for `AUDIT_HTTP_URL`. It is read for each request.',
    },
    AUDIT_CA_FILE: {
      type: setting.text(),
      description:
        'PEM file with the certificate authorities for `AUDIT_SYSLOG_URL` and `AUDIT_HTTP_URL`; no others are trusted. Unset: the well-known authorities.',
    },
    AUDIT_HEAD_FILE: {
      type: setting.text(),
      description:
        'A file to which the head of the audit log is appended regularly. `audit verify` compares all of them, so that cut-off records are noticed. Put it on another machine, or on a medium that can only be appended to.',
    },
    AUDIT_HEAD_MINUTES: {
      type: setting.integer(1, 1440),
      default: 60,
      description:
        'The interval in minutes at which the head of the audit log is written to `AUDIT_HEAD_FILE` and sent to the syslog receiver and `AUDIT_HTTP_URL`, if it changed.',
    },
    HUB_KEY: {
      type: setting.text(),
      secret: true,
      description:
        'The key that encrypts the secrets in the database and seals the audit log: 32 random bytes in base64url. Unset: the file `hub.key` in the home, which the first start creates. The systemd credential `landbridge-hub-key` takes precedence. Commands need the same key as the service. Backups do not contain it.',
    },
  }),
  ...inGroup('Metrics', {
    METRICS_ADDRESSES: {
      type: networks(),
      default: ['127.0.0.0/8', '::1/128'],
      description:
        'The addresses that may read `/metrics` without the token. A request through a proxy that is not in `TRUSTED_PROXIES` does not count as local. An empty list: none.',
    },
    METRICS_TOKEN: {
      type: setting.text(),
      secret: true,
      description: 'Clients with `Authorization: Bearer TOKEN` may read `/metrics` from any address.',
    },
  }),
  ...inGroup('Connectors', {
    CLOCK_SKEW_LIMIT_SECONDS: {
      type: setting.integer(5, 3600),
      default: DEFAULT_CLOCK_SKEW_LIMIT_SECONDS,
      description:
        "How far the clock of a Landbridge connector may be off, in seconds. It corrects itself by this hub's clock. Kerberos and certificates are judged by the connector's own clock.",
    },
    ENROLMENT_HOURS: {
      type: setting.integer(1, 720),
      default: 24,
      description:
        'The number of hours during which a ticket enrols a connector without approval. A ticket enrols one connector; further ones wait for an operator.',
    },
    HEARTBEAT_INTERVAL_MS: {
      type: setting.integer(50, 60_000),
      default: 5_000,
      description: 'How often in milliseconds each connector is pinged. One that misses three pings in a row is disconnected.',
    },
  }),
  ...inGroup('Dashboard', {
    ADMIN_SESSION_IDLE_MINUTES: {
      type: setting.integer(1, 1440),
      default: 30,
      description: 'An administrator who is idle for this many minutes must sign in again.',
    },
    ADMIN_SESSION_HOURS: {
      type: setting.integer(1, 720),
      default: 12,
      description: 'How long in hours an administrator stays signed in at most.',
    },
    ADMIN_FRESH_MINUTES: {
      type: setting.integer(1, 1440),
      default: 10,
      description:
        'Actions that grant or end access (invitations, tickets, keys, secrets, revocations) ask for password and second factor again if the administrator last entered them more than this many minutes ago.',
    },
  }),
  ...inGroup('Administrator sign-in by an OpenID provider', {
    ADMIN_OIDC_ISSUER: {
      type: setting.url('https', 'http'),
      description:
        'The issuer of an external OpenID provider with which administrators can sign in to the dashboard instead of a password. `http` only on this machine. Register `PUBLIC_URL/dashboard/provider/callback` there as the redirect URI. If the provider serves many organizations, use the issuer of yours.',
    },
    ADMIN_OIDC_CLIENT_ID: { type: setting.text(), description: "The hub's client ID at that provider." },
    ADMIN_OIDC_CLIENT_SECRET_FILE: {
      type: setting.text(),
      description: "File with the hub's client secret at that provider. Unset: the hub is a public client and uses only PKCE.",
    },
    ADMIN_OIDC_SCOPE: {
      type: setting.text(),
      default: 'openid profile',
      description: 'The scopes that the hub requests. Add the one that provides `ADMIN_OIDC_ROLE_CLAIM`.',
    },
    ADMIN_OIDC_ROLE_CLAIM: {
      type: setting.text(),
      default: 'groups',
      description:
        'The claim that determines the role of administrators without an invitation. With `sub`, the role settings list individual users.',
    },
    ADMIN_OIDC_OWNERS: {
      type: setting.list(),
      default: [],
      description:
        'Users of the provider with one of these values are owners. The three lists apply at each sign-in, the most powerful role first. If all are empty, only administrators with an invitation can sign in.',
    },
    ADMIN_OIDC_OPERATORS: {
      type: setting.list(),
      default: [],
      description: 'Users of the provider with one of these values are operators.',
    },
    ADMIN_OIDC_READ_ONLY: {
      type: setting.list(),
      default: [],
      description: 'Users of the provider with one of these values are read-only.',
    },
    ADMIN_OIDC_ACR: {
      type: setting.list(),
      default: [],
      description:
        'The provider must return one of these values as `acr`, for example the one for a second factor. Empty: any value is accepted.',
    },
    ADMIN_OIDC_REQUIRED: {
      type: setting.boolean(),
      default: false,
      description:
        'Administrators must use the provider. Passwords and passkeys of the hub are rejected. While the provider is down, `landbridge-hub admin allow-passwords` allows them for a few hours.',
    },
  }),
  ...inGroup('Applications', {
    OIDC_SIGN_IN_HOURS: {
      type: setting.integer(1, 720),
      default: 10,
      description:
        'How long in hours a sign-in to applications lasts. After that the user enters the password again, and refresh tokens end. The hub cannot look up an account without its password, so a disabled account stays signed in this long.',
    },
  }),
};

export type HubSettings = SettingValues<typeof HUB_SETTINGS>;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Service managers kill a process that takes longer to stop. */
const MAX_STOP_MS = 20_000;

/** @returns the files of the hub's own certificate; undefined if it serves plain HTTP */
export function tlsFilesOf({ TLS_CERT_FILE, TLS_KEY_FILE }: Pick<HubSettings, 'TLS_CERT_FILE' | 'TLS_KEY_FILE'>) {
  return TLS_CERT_FILE === undefined || TLS_KEY_FILE === undefined ? undefined : { certFile: TLS_CERT_FILE, keyFile: TLS_KEY_FILE };
}

/**
 * @param home the folder that may contain `hub.json`
 * @returns the settings, whether PORT is set explicitly, and the unknown keys of the file
 * @throws CodedError SETTINGS_UNREADABLE, SETTINGS_INVALID
 */
export function readSettings(
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
): { settings: HubSettings; portIsSet: boolean; unknownKeys: string[] } {
  const file = readFile(join(home, 'hub.json'));
  const { values, origins, problems } = loadSettings(HUB_SETTINGS, { file, environment });
  const messages = problems.map((problem) => problem.message);
  if (values.PUBLIC_URL !== undefined && problems.length === 0) {
    const url = new URL(values.PUBLIC_URL);
    if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
      messages.push('PUBLIC_URL must consist of scheme, host and optionally port');
  }
  if ((values.TLS_CERT_FILE === undefined) !== (values.TLS_KEY_FILE === undefined)) {
    messages.push('TLS_CERT_FILE and TLS_KEY_FILE must both be set, or neither');
  }
  messages.push(...providerProblems(values));
  if (values.STOP_READY_DELAY_MS + values.STOP_GRACE_MS > MAX_STOP_MS) {
    messages.push(`the sum of STOP_READY_DELAY_MS and STOP_GRACE_MS must be at most ${MAX_STOP_MS}`);
  }
  messages.push(...auditProblems(values));
  if (messages.length > 0) {
    throw new CodedError('SETTINGS_INVALID', `Invalid settings: ${messages.join('; ')}`, {
      action: `Correct the environment or ${join(home, 'hub.json')}.`,
    });
  }
  return {
    settings: values,
    portIsSet: origins.PORT !== 'default',
    unknownKeys: Object.keys(file).filter((key) => !(key in HUB_SETTINGS)),
  };
}

function auditProblems({ AUDIT_SYSLOG_URL, AUDIT_HTTP_URL, AUDIT_HTTP_TOKEN_FILE }: Partial<HubSettings>): string[] {
  const problems: string[] = [];
  const syslog = AUDIT_SYSLOG_URL === undefined ? undefined : new URL(AUDIT_SYSLOG_URL);
  if (syslog !== undefined && (syslog.hostname === '' || !['', '/'].includes(syslog.pathname) || syslog.username !== ''))
    problems.push('AUDIT_SYSLOG_URL must consist of scheme, host and optionally port');
  const http = AUDIT_HTTP_URL === undefined ? undefined : new URL(AUDIT_HTTP_URL);
  if (http !== undefined && (http.username !== '' || http.password !== ''))
    problems.push('AUDIT_HTTP_URL must not contain a user name or password: use AUDIT_HTTP_TOKEN_FILE');
  if (http?.protocol === 'http:' && AUDIT_HTTP_TOKEN_FILE !== undefined && !LOOPBACK.has(http.hostname))
    problems.push('AUDIT_HTTP_URL must use https if AUDIT_HTTP_TOKEN_FILE is set');
  return problems;
}

function providerProblems({ ADMIN_OIDC_ISSUER: issuer, ADMIN_OIDC_CLIENT_ID: clientId, ...values }: HubSettings): string[] {
  if ((issuer === undefined) !== (clientId === undefined))
    return ['ADMIN_OIDC_ISSUER and ADMIN_OIDC_CLIENT_ID must both be set, or neither'];
  if (issuer === undefined) return values.ADMIN_OIDC_REQUIRED ? ['ADMIN_OIDC_REQUIRED needs ADMIN_OIDC_ISSUER'] : [];
  const isHere = LOOPBACK.has(new URL(issuer).hostname);
  return issuer.startsWith('https:') || isHere ? [] : ['ADMIN_OIDC_ISSUER must be an https address'];
}

function readFile(path: string): JsonObject {
  const text = readTextIfExists(
    path,
    (cause) => new CodedError('SETTINGS_UNREADABLE', `${path} cannot be read`, { cause, action: LET_READ }),
  );
  if (text === undefined) return {};
  const parsed = parseJsonObject(text);
  if ('object' in parsed) return parsed.object;
  // Without the parser's error as the cause: its message quotes the file, which may contain secrets.
  throw new CodedError('SETTINGS_UNREADABLE', `${path} ${parsed.problem}`, { action: 'Correct or remove the file.' });
}
