/** The process itself: log, stopping, console. */
import { setting } from '@landbridge/runtime';
import type { ConnectorSettingList } from '../parts.ts';
import { ipAddress } from './types.ts';

/** Groups of the reference. */
const PROCESS = 'The process';
const CONSOLE = 'The console';

export const PROCESS_SETTINGS = {
  LOG_LEVEL: {
    type: setting.oneOf('debug', 'info', 'warn', 'error'),
    default: 'info',
    group: PROCESS,
    part: 'log',
    description: 'How much is logged.',
  },
  LOG_FORMAT: {
    type: setting.oneOf('text', 'json'),
    default: 'text',
    group: PROCESS,
    part: 'restart',
    description: 'Lines for people or for machines.',
  },
  LOG_FILE: {
    type: setting.boolean(),
    default: true,
    group: PROCESS,
    part: 'restart',
    description:
      "Writes the log to `logs/connector.log` in the connector's home as well, which the console shows and clears. Without a configuration file (`OVERRIDE_CONFIG=false`) only where it is set.",
  },
  LOG_FILE_MAX_MB: {
    type: setting.integer(1, 1024),
    default: 10,
    group: PROCESS,
    part: 'restart',
    description: 'How many megabytes that file may have before it is put aside and a new one begun.',
  },
  LOG_FILES_KEPT: {
    type: setting.integer(0, 100),
    default: 5,
    group: PROCESS,
    part: 'restart',
    description: 'How many files that were put aside are kept (`connector.log.1` is the newest).',
  },
  SHUTDOWN_GRACE_MS: {
    type: setting.integer(0, 20_000),
    default: 10_000,
    group: PROCESS,
    part: 'hubAndFrontChannel',
    description: 'How long in milliseconds running requests may take to finish when the connector stops.',
  },
  OVERRIDE_CONFIG: {
    type: setting.boolean(),
    default: true,
    group: PROCESS,
    part: 'restart',
    description: '`false` (environment only): no configuration file is read or written.',
  },
  CONSOLE_ENABLED: {
    type: setting.boolean(),
    default: true,
    group: CONSOLE,
    part: 'restart',
    description:
      'Opens the console, the pages for administrators. Never with `OVERRIDE_CONFIG=false`: there is nothing that it could change.',
  },
  CONSOLE_PORT: {
    type: setting.integer(0, 65_535),
    default: 8357,
    group: CONSOLE,
    part: 'restart',
    description: 'The port of the console on `127.0.0.1`. `0`: one that is free; the log says which.',
  },
  CONSOLE_INSECURE_ADDRESS: {
    type: ipAddress,
    group: CONSOLE,
    part: 'restart',
    insecure: true,
    description:
      'Opens the console at another address than `127.0.0.1`, without TLS: whoever listens on the network reads the password of the console. An SSH tunnel to `127.0.0.1` does without it.',
  },
} as const satisfies ConnectorSettingList;
