/**
 * The one list of every setting of the connector. `config.json`, the environment, `config check`, `config show`, the setup and
 * `docs/configuration.md` know exactly these.
 *
 * Queries whose best value depends on the kind of directory have no default here: unset, they are `undefined`, and `ldap/` takes
 * what suits the directory that it finds. Their descriptions name what Active Directory gets.
 */
import type { SettingValues } from '@landbridge/runtime';
import { DIRECTORY_SETTINGS } from './settings/directory.ts';
import { FRONT_CHANNEL_SETTINGS } from './settings/front-channel.ts';
import { HUB_LINK_SETTINGS } from './settings/hub.ts';
import { KEPT_SETTINGS } from './settings/kept.ts';
import { PEOPLE_SETTINGS } from './settings/people.ts';
import { PROCESS_SETTINGS } from './settings/process.ts';
import { SIGN_IN_SETTINGS } from './settings/sign-in.ts';
import { TRUST_SETTINGS } from './settings/trust.ts';

/** In the order of the reference. */
export const SETTINGS = {
  ...HUB_LINK_SETTINGS,
  ...DIRECTORY_SETTINGS,
  ...PEOPLE_SETTINGS,
  ...SIGN_IN_SETTINGS,
  ...TRUST_SETTINGS,
  ...PROCESS_SETTINGS,
  ...FRONT_CHANNEL_SETTINGS,
  ...KEPT_SETTINGS,
} as const;

export type SettingName = keyof typeof SETTINGS;

/** In the order of the reference. */
export const SETTING_NAMES = Object.keys(SETTINGS).filter(isSettingName);

/** Every setting's value, defaults filled in; those without a default may be undefined. */
export type ConnectorSettings = SettingValues<typeof SETTINGS>;

/** @returns whether a key of `config.json` is a setting of this list */
export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}
