/** The parts of the running connector, and which of them a change of a setting reopens. */
import { inGroup, type Setting } from '@landbridge/runtime';

/** `directory` includes the users and the profile mapper behind it. */
export type RunningPart = 'directory' | 'hub' | 'frontChannel';

/** What a setting can belong to, and the running parts that are reopened when its value changes. */
export const REOPENED_PARTS = {
  directory: ['directory'],
  hub: ['hub'],
  frontChannel: ['frontChannel'],
  hubAndFrontChannel: ['hub', 'frontChannel'],
  all: ['directory', 'hub', 'frontChannel'],
  /** The log follows the change. */
  log: [],
  /** Applies from the next start. */
  restart: [],
  /** Nothing running depends on the value: commands read it, or the connector only records it. */
  none: [],
} as const satisfies Record<string, readonly RunningPart[]>;

export type SettingPart = keyof typeof REOPENED_PARTS;

type Definition = Omit<Setting<unknown> | Setting<never>, 'group' | 'part' | 'label'> & { part?: SettingPart; label: string };

/** @param part of the settings that name none themselves */
export function settingGroup<const L extends Record<string, Definition>>(group: string, part: SettingPart, list: L) {
  const complete = Object.entries(list).map(([name, definition]) => [name, { part, ...definition }]);
  // The same keys, and a part in each value.
  return inGroup(group, Object.fromEntries(complete) as { readonly [N in keyof L]: L[N] & { part: SettingPart } });
}
