/** The hub's settings: one list, read from the environment and from `hub.json` in the home folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, canonicalRange, loadSettings, type SettingType, type SettingValues, setting } from '@landbridge/runtime';

/** Addresses and networks, each in its one spelling. */
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
  PORT: {
    type: setting.integer(0, 65535),
    default: 4100,
    group: 'Network',
    description: 'The TCP port to listen on. `0` takes a free one.',
  },
  LISTEN_ADDRESS: {
    type: setting.text(),
    default: '127.0.0.1',
    group: 'Network',
    description:
      'The address to listen on. Before it is another than this machine, set `TLS_CERT_FILE`, or put a proxy that speaks TLS in front of the hub: without either, passwords cross the network in clear text.',
  },
  PUBLIC_URL: {
    type: setting.url('http', 'https'),
    group: 'Network',
    description:
      'The address under which connectors and browsers reach the hub, without a path. It is part of every ticket. Unset: `http://localhost:PORT`, with `TLS_CERT_FILE` `https://localhost:PORT`.',
  },
  TLS_CERT_FILE: {
    type: setting.text(),
    group: 'Network',
    description:
      'PEM file with the certificate of the hub, and behind it those that lead to its authority. With it the hub speaks HTTPS only. A renewed file is taken up within a minute, without a restart.',
  },
  TLS_KEY_FILE: {
    type: setting.text(),
    group: 'Network',
    description: 'PEM file with the key of that certificate, not encrypted, readable by the account of the hub only.',
  },
  TLS_EXPIRY_WARNING_DAYS: {
    type: setting.integer(0, 365),
    default: 14,
    group: 'Network',
    description: 'From so many days before the certificate expires, the log says so once a day.',
  },
  TRUSTED_PROXIES: {
    type: networks(),
    default: [],
    group: 'Network',
    description:
      'The proxies in front of the hub. Only of these `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Request-Id` are believed; from everybody else they are dropped. Whoever is listed can pretend any address.',
  },
  LOG_LEVEL: {
    type: setting.oneOf('debug', 'info', 'warn', 'error'),
    default: 'info',
    group: 'Log',
    description: 'The least important lines that are written.',
  },
  LOG_FORMAT: {
    type: setting.oneOf('text', 'json'),
    default: 'text',
    group: 'Log',
    description: '`text` for people, `json` for machines.',
  },
  LOGIN_TIMEOUT_MS: {
    type: setting.integer(100, 600_000),
    default: 30_000,
    group: 'Requests',
    description: 'How long a sign-in, a search, a list of groups or a password change may take, from the API call to the answer.',
  },
  MAX_REQUESTS_PER_CONNECTOR: {
    type: setting.integer(1, 100_000),
    default: 256,
    group: 'Requests',
    description: 'One connector is asked for no more at once; with all of them at this number, further requests are answered as busy.',
  },
  MAX_REQUESTS: {
    type: setting.integer(1, 1_000_000),
    default: 4096,
    group: 'Requests',
    description: 'The same for all connectors of all connections together: nothing waits in the hub for its turn.',
  },
  GUARD_USER_ATTEMPTS: {
    type: setting.integer(0, 1000),
    default: 4,
    group: 'Guarding',
    description:
      'So many different wrong passwords of one person within `GUARD_WINDOW_MINUTES` reach the directory; then nothing of this person does until the first of them is that old. Keep it below the lockout threshold of your directories. `0`: no limit.',
  },
  GUARD_ADDRESS_ATTEMPTS: {
    type: setting.integer(0, 1_000_000),
    default: 300,
    group: 'Guarding',
    description:
      'So many wrong passwords from one network address (IPv6: one /64) within `GUARD_WINDOW_MINUTES`; then nothing from there is tried. A company may sit behind one address. `0`: no limit.',
  },
  GUARD_WINDOW_MINUTES: {
    type: setting.integer(1, 1440),
    default: 30,
    group: 'Guarding',
    description: 'How long a wrong password counts. At least as long as your directories count theirs.',
  },
  GUARD_WAIT_SECONDS: {
    type: setting.integer(0, 3600),
    default: 30,
    group: 'Guarding',
    description:
      'After the third wrong password a person has to wait this long, and four times as long after each further one. `0`: no wait.',
  },
  GUARD_REPEAT_MINUTES: {
    type: setting.integer(0, 1440),
    default: 5,
    group: 'Guarding',
    description:
      'For so long, a password that was wrong is answered as wrong without asking the directory, and does not count again: devices with an old password lock nobody out. `0`: it is always asked.',
  },
  CREDENTIAL_CACHE: {
    type: setting.boolean(),
    default: true,
    group: 'Credential cache',
    description:
      'Whether people who signed in before may do so while no connector or no directory answers, where their connection allows it. `false` also removes what is kept.',
  },
  CREDENTIAL_CACHE_MAX_AGE_HOURS: {
    type: setting.integer(1, 8760),
    default: 168,
    group: 'Credential cache',
    description: 'How long after the last sign-in that the directory has confirmed.',
  },
  AUDIT_RETENTION_DAYS: {
    type: setting.integer(0, 36_500),
    default: 365,
    group: 'Audit log',
    description: 'Older records are removed, once a day; one record with the hash of the last of them stays in their place. `0`: never.',
  },
  METRICS_ADDRESSES: {
    type: networks(),
    default: ['127.0.0.0/8', '::1/128'],
    group: 'Metrics',
    description:
      'Who may read `/metrics`. A request that came through a proxy which is not in `TRUSTED_PROXIES` does not count as from here. An empty list: nobody without the token.',
  },
  METRICS_TOKEN: {
    type: setting.text(),
    group: 'Metrics',
    secret: true,
    description: 'With `Authorization: Bearer TOKEN` anybody may read `/metrics`, from everywhere.',
  },
  STOP_READY_DELAY_MS: {
    type: setting.integer(0, 15_000),
    default: 0,
    group: 'Requests',
    description:
      'When the hub stops, `/readyz` says so this long before it takes nothing new. Set it, behind a load balancer, to twice the interval at which that asks. Together with `STOP_GRACE_MS` at most 20000.',
  },
  HEARTBEAT_INTERVAL_MS: {
    type: setting.integer(50, 60_000),
    default: 5_000,
    group: 'Connectors',
    description: 'Each connector is pinged this often; one that misses three in a row is dropped.',
  },
  STOP_GRACE_MS: {
    type: setting.integer(0, 20_000),
    default: 10_000,
    group: 'Requests',
    description: 'When the hub stops, requests that are under way may take this much longer.',
  },
  ADMIN_SESSION_IDLE_MINUTES: {
    type: setting.integer(1, 1440),
    default: 30,
    group: 'Dashboard',
    description: 'An administrator who does nothing for so long has to sign in again.',
  },
  ADMIN_SESSION_HOURS: {
    type: setting.integer(1, 720),
    default: 12,
    group: 'Dashboard',
    description: 'How long an administrator stays signed in at most.',
  },
  OIDC_SIGN_IN_HOURS: {
    type: setting.integer(1, 720),
    default: 10,
    group: 'Applications',
    description:
      'How long a sign-in to applications lasts: after this the person enters the password again, and refresh tokens end. A directory cannot be asked about an account without its password, so a disabled account keeps its sign-ins this long.',
  },
} as const;

export type HubSettings = SettingValues<typeof HUB_SETTINGS>;

/** Service managers and the hub itself end what takes longer than a few seconds more. */
const MAX_STOP_MS = 20_000;

/** @returns the files of the hub's own certificate; undefined where it speaks plain HTTP */
export function tlsFilesOf({ TLS_CERT_FILE, TLS_KEY_FILE }: Pick<HubSettings, 'TLS_CERT_FILE' | 'TLS_KEY_FILE'>) {
  return TLS_CERT_FILE === undefined || TLS_KEY_FILE === undefined ? undefined : { certFile: TLS_CERT_FILE, keyFile: TLS_KEY_FILE };
}

/**
 * @param home the folder that may hold `hub.json`
 * @returns the settings, whether PORT was chosen by somebody, and the keys of the file that are no settings
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
      messages.push('PUBLIC_URL must be a scheme, a host and perhaps a port, with nothing behind them');
  }
  if ((values.TLS_CERT_FILE === undefined) !== (values.TLS_KEY_FILE === undefined)) {
    messages.push('TLS_CERT_FILE and TLS_KEY_FILE must both be set, or neither');
  }
  if (values.STOP_READY_DELAY_MS + values.STOP_GRACE_MS > MAX_STOP_MS) {
    messages.push(`STOP_READY_DELAY_MS and STOP_GRACE_MS must together be at most ${MAX_STOP_MS}`);
  }
  if (messages.length > 0) {
    throw new CodedError('SETTINGS_INVALID', `The settings are wrong: ${messages.join('; ')}`, {
      action: `Correct the environment or ${join(home, 'hub.json')}.`,
    });
  }
  return {
    settings: values,
    portIsSet: origins.PORT !== 'default',
    unknownKeys: Object.keys(file).filter((key) => !(key in HUB_SETTINGS)),
  };
}

function readFile(path: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return {};
    throw new CodedError('SETTINGS_UNREADABLE', `${path} cannot be read as JSON`, { cause, action: 'Correct or remove the file.' });
  }
  throw new CodedError('SETTINGS_UNREADABLE', `${path} does not hold a JSON object`, { action: 'Correct or remove the file.' });
}
