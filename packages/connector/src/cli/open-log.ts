/** The log of a command, with the secrets of the configuration masked. `run` also logs to files. */
import { join } from 'node:path';
import { createLog, createLogWindow, type Log, type LogCopy, type LogFile, type LogWindow, openLogFile } from '@landbridge/runtime';
import type { Config } from '../config/load.ts';
import { isSettingName, SETTINGS } from '../config/settings.ts';

type KeepSecret = (value: string | undefined) => void;

/** @returns the log and a function that masks another secret */
export function openLog(config: Pick<Config, 'values'>, copies: readonly LogCopy[] = []): { log: Log; keepSecret: KeepSecret } {
  const { LOG_LEVEL: level, LOG_FORMAT: format } = config.values;
  const { log, keepSecret } = createLog({ level, format, copies });
  keepSecretsOf(config, keepSecret);
  return { log, keepSecret };
}

/** @returns also the last lines, and the log file, which the caller closes */
export function openRunLog(config: Config): {
  log: Log;
  keepSecrets: (config: Pick<Config, 'values'>, value: string | undefined) => void;
  window: LogWindow;
  file: LogFile | undefined;
} {
  const { values, home, environmentOnly, origins } = config;
  const isWanted = values.LOG_FILE && !(environmentOnly && origins.LOG_FILE === 'default');
  const file = isWanted
    ? openLogFile({
        path: join(home.folder, 'logs', 'connector.log'),
        maxBytes: values.LOG_FILE_MAX_MB * 1024 * 1024,
        kept: values.LOG_FILES_KEPT,
      })
    : undefined;
  const window = createLogWindow();
  const { log, keepSecret } = openLog(config, file === undefined ? [window] : [window, file]);
  return {
    log,
    keepSecrets(other, value) {
      keepSecretsOf(other, keepSecret);
      keepSecret(value);
    },
    window,
    file,
  };
}

function keepSecretsOf({ values }: Pick<Config, 'values'>, keepSecret: KeepSecret): void {
  for (const [name, definition] of Object.entries(SETTINGS)) {
    const value = isSettingName(name) && 'secret' in definition ? values[name] : undefined;
    if (typeof value === 'string') keepSecret(value);
  }
  // The secret part of a URL can also appear alone.
  keepSecret(values.PROVISIONING_TICKET && new URL(values.PROVISIONING_TICKET).pathname.split('/').filter(Boolean).at(-1));
  for (const proxy of [values.HTTP_PROXY, values.HTTPS_PROXY]) keepSecret(proxy && new URL(proxy).password);
}
