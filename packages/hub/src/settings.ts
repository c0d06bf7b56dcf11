/** The hub's settings: one list, read from the environment and from `hub.json` in the home folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, loadSettings, type SettingValues, setting } from '@landbridge/runtime';

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
      'The address to listen on. The hub speaks plain HTTP: put a proxy that speaks TLS in front of it before you listen on another.',
  },
  PUBLIC_URL: {
    type: setting.url('http', 'https'),
    group: 'Network',
    description:
      'The address under which connectors and browsers reach the hub, without a path. It is part of every ticket. Unset: `http://localhost:PORT`.',
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
} as const;

export type HubSettings = SettingValues<typeof HUB_SETTINGS>;

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
