/** The parts of the running connector, and which of them a change of a setting reopens. */
import type { Setting } from '@landbridge/runtime';

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

export type ConnectorSettingList = Record<string, (Setting<unknown> | Setting<never>) & { part: SettingPart }>;
