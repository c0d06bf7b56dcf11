/** Log, shutdown and console. */
import { setting } from '@landbridge/runtime';
import { settingGroup } from '../parts.ts';
import { ipAddress } from './types.ts';

export const PROCESS_SETTINGS = {
  ...settingGroup('Log and console', 'restart', {
    LOG_LEVEL: {
      label: 'Log level',
      basic: true,
      type: setting.oneOf('debug', 'info', 'warn', 'error'),
      default: 'info',
      part: 'log',
      description: 'The lowest level that is logged.',
    },
    LOG_FORMAT: {
      label: 'Log format',
      type: setting.oneOf('text', 'json'),
      default: 'text',
      description: '`text` for people, `json` for machines.',
    },
    LOG_FILE: {
      label: 'Keep a log file',
      basic: true,
      type: setting.boolean(),
      default: true,
      description:
        "Also writes the log to `logs/connector.log` in the connector's home, where the console shows and clears it. Without a configuration file (`OVERRIDE_CONFIG=false`) only if it is set explicitly.",
    },
    LOG_FILE_MAX_MB: {
      label: 'Size of a log file',
      type: setting.integer(1, 1024),
      default: 10,
      description: 'The size in megabytes at which the log file is rotated.',
    },
    LOG_FILES_KEPT: {
      label: 'Older log files kept',
      type: setting.integer(0, 100),
      default: 5,
      description: 'How many rotated log files are kept. `connector.log.1` is the newest.',
    },
    SHUTDOWN_GRACE_MS: {
      label: 'Time to finish when stopping',
      type: setting.integer(0, 20_000),
      default: 10_000,
      part: 'hubAndFrontChannel',
      description: 'How long in milliseconds requests in flight may take to finish when the connector stops.',
    },
    HEALTH_PORT: {
      label: 'Port of health checks',
      type: setting.integer(0, 65_535),
      description:
        'The port on which `/healthz` and `/readyz` answer health checks of containers, without TLS or password: whether the connector runs, and whether hub and directory answer. Unset: none.',
    },
    HEALTH_ADDRESS: {
      label: 'Address of health checks',
      type: ipAddress,
      description: 'The address of that port. Unset: `127.0.0.1`, for `landbridge-connector health`. Kubernetes needs `0.0.0.0`.',
    },
    OVERRIDE_CONFIG: {
      label: 'Read and write config.json',
      type: setting.boolean(),
      default: true,
      description:
        'With `false`, settings come from the environment only, and no configuration file is read or written. The certificate in `certs/` and the mapper in the home still apply.',
    },
  }),
  ...settingGroup('Log and console', 'none', {
    UPDATE_PUBLIC_KEY: {
      label: 'Key of the packages',
      type: setting.text(),
      description:
        'The public key of minisign with which packages must be signed, for `landbridge-connector update`. Only the environment counts, because the account of the service can write `config.json`. Unset: the key in the package.',
    },
    UPDATE_URL: {
      label: 'Address of packages',
      type: setting.url('https', 'http'),
      description: 'The address of a folder with packages, instead of `/packages` of the hub.',
    },
  }),
  ...settingGroup('Log and console', 'restart', {
    CONSOLE_ENABLED: {
      label: 'Console',
      type: setting.boolean(),
      default: true,
      description:
        'Opens the console, the web pages for administrators. It never opens with `OVERRIDE_CONFIG=false`, because there is nothing it could change.',
    },
    CONSOLE_PORT: {
      label: 'Port of the console',
      basic: true,
      type: setting.integer(0, 65_535),
      default: 8357,
      description: 'The port of the console on `127.0.0.1`. `0`: a free port, which the log names.',
    },
    CONSOLE_INSECURE_ADDRESS: {
      label: 'Console reachable from other machines',
      type: ipAddress,
      insecure: true,
      description:
        'Opens the console at another address than `127.0.0.1`, without TLS, so its password can be read on the network. Use an SSH tunnel to `127.0.0.1` instead.',
    },
  }),
};
