/**
 * The one list of the connector's settings. `config.json`, the environment, `config check`, `config show`, the setup, the console and
 * `docs/configuration.md` use it.
 *
 * Filters whose best value depends on the directory have no default here: if they are unset, `ldap/` chooses one for the directory that
 * it finds. Their descriptions name the filter for Active Directory.
 */
import type { SettingValues } from '@landbridge/runtime';
import { DIRECTORY_SETTINGS } from './settings/directory.ts';
import { FRONT_CHANNEL_SETTINGS } from './settings/front-channel.ts';
import { HUB_LINK_SETTINGS } from './settings/hub.ts';
import { KEPT_SETTINGS } from './settings/kept.ts';
import { PROCESS_SETTINGS } from './settings/process.ts';
import { SIGN_IN_SETTINGS } from './settings/sign-in.ts';
import { TRUST_SETTINGS } from './settings/trust.ts';
import { USER_SETTINGS } from './settings/users.ts';

/** In the order of the reference. */
export const SETTINGS = {
  ...DIRECTORY_SETTINGS,
  ...USER_SETTINGS,
  ...SIGN_IN_SETTINGS,
  ...HUB_LINK_SETTINGS,
  ...TRUST_SETTINGS,
  ...FRONT_CHANNEL_SETTINGS,
  ...PROCESS_SETTINGS,
  ...KEPT_SETTINGS,
} as const;

export type SettingName = keyof typeof SETTINGS;

/** In the order of the reference. */
export const SETTING_NAMES = Object.keys(SETTINGS).filter(isSettingName);

/** The value of each setting, defaults filled in; a setting without a default may be undefined. */
export type ConnectorSettings = SettingValues<typeof SETTINGS>;

/** @returns whether a key of `config.json` is a setting */
export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}
