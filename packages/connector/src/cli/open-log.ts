/** The log of a command, which shows no secret of the configuration. */
import { createLog, type Log } from '@landbridge/runtime';
import type { Config } from '../config/load.ts';
import { isSettingName, SETTINGS } from '../config/settings.ts';

/** @returns the log, and the function that keeps one more value out of every line */
export function openLog(config: Pick<Config, 'values'>): { log: Log; keepSecret: (value: string | undefined) => void } {
  const { values } = config;
  const { log, keepSecret } = createLog({ level: values.LOG_LEVEL, format: values.LOG_FORMAT });
  for (const [name, definition] of Object.entries(SETTINGS)) {
    const value = isSettingName(name) && 'secret' in definition ? values[name] : undefined;
    if (typeof value === 'string') keepSecret(value);
  }
  // Of a URL the secret part appears alone too.
  keepSecret(values.PROVISIONING_TICKET && new URL(values.PROVISIONING_TICKET).pathname.split('/').filter(Boolean).at(-1));
  for (const proxy of [values.HTTP_PROXY, values.HTTPS_PROXY]) keepSecret(proxy && new URL(proxy).password);
  return { log, keepSecret };
}
