/** Which parts of a running connector a change of settings reaches, and what has to wait for the next start. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/load.ts';
import { isSettingName, SETTINGS, type SettingName } from '../config/settings.ts';
import { FRONT_CHANNEL_SETTINGS } from './front-channel-part.ts';

/** What the link to the hub is made from. A setting that is in no list here reaches the directory and its users. */
const HUB: ReadonlySet<SettingName> = new Set([
  'PROVISIONING_TICKET',
  'HUB_INSECURE_NO_TLS',
  'WS_RECONNECT_INTERVAL_MS',
  'AUTH_CERT',
  'AUTH_CERT_KEY',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'AD_HUB',
  'CONNECTION',
  'REALM',
  'TENANT_SIGNING_KEY',
  'SERVER_URL',
  'PORT',
  'SITE_NAME',
  'ENABLE_WRITE_BACK',
  'ENABLE_PASSWORD_SELF_CHANGE',
  'SHUTDOWN_GRACE_MS',
]);
/** That part compares them itself. */
const FRONT_CHANNEL: ReadonlySet<SettingName> = new Set(FRONT_CHANNEL_SETTINGS);
const BOTH: ReadonlySet<SettingName> = new Set(['CA_CERT', 'SSL_CA_FILE', 'SSL_CA_PATH']);

export interface AffectedParts {
  /** By name, in the order of the list. */
  changed: SettingName[];
  hub: boolean;
  directory: boolean;
  /** Those of `changed` that count from the next start on. */
  afterRestart: SettingName[];
}

/** Compares what the settings mean, not how they are written: `"true"` is `true`. Files that they name are not looked into. */
export function affectedParts(before: Config, after: Config): AffectedParts {
  const changed = Object.keys(SETTINGS).filter(
    (name): name is SettingName => isSettingName(name) && !isDeepStrictEqual(before.values[name], after.values[name]),
  );
  const reachesDirectory = (name: SettingName) => {
    const definition = SETTINGS[name];
    // The connector's own notes: the password of the service account is compared by itself.
    return !HUB.has(name) && !FRONT_CHANNEL.has(name) && !('restart' in definition) && !('kept' in definition) && name !== 'LOG_LEVEL';
  };
  return {
    changed,
    hub: changed.some((name) => HUB.has(name) || BOTH.has(name)),
    directory: changed.some((name) => BOTH.has(name) || reachesDirectory(name)),
    afterRestart: changed.filter((name) => 'restart' in SETTINGS[name]),
  };
}
