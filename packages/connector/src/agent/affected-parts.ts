/** Which parts of the running connector a change of settings reopens, and which settings wait for a restart. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/load.ts';
import { REOPENED_PARTS, type RunningPart } from '../config/parts.ts';
import { SETTING_NAMES, SETTINGS, type SettingName } from '../config/settings.ts';

export interface AffectedParts {
  /** In the order of the list of settings. */
  changed: SettingName[];
  hub: boolean;
  directory: boolean;
  /** The settings among `changed` that apply from the next start. */
  afterRestart: SettingName[];
}

/** Compares parsed values, so `"true"` equals `true`. The contents of files that settings name are not compared. */
export function affectedParts(before: Pick<Config, 'values'>, after: Pick<Config, 'values'>): AffectedParts {
  const changed = SETTING_NAMES.filter((name) => !isDeepStrictEqual(before.values[name], after.values[name]));
  return {
    changed,
    hub: changed.some((name) => reopens(name, 'hub')),
    directory: changed.some((name) => reopens(name, 'directory')),
    afterRestart: changed.filter((name) => SETTINGS[name].part === 'restart'),
  };
}

/** @returns whether a change of this setting reopens this part */
export function reopens(name: SettingName, part: RunningPart): boolean {
  const reopened: readonly RunningPart[] = REOPENED_PARTS[SETTINGS[name].part];
  return reopened.includes(part);
}
