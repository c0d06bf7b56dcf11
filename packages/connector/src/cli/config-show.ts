/** `config show`: prints every value that is set and its origin, without secrets. */
import { printTable } from '@landbridge/runtime';
import { loadConfig } from '../config/load.ts';
import { isSettingName, SETTINGS } from '../config/settings.ts';
import type { CommandContext } from './context.ts';

interface ShownSetting {
  name: string;
  /** Null for secrets and unknown settings: the value of a misspelled setting may be a password. */
  value: unknown;
  origin: string;
  note?: 'secret' | 'unknown setting';
}

/** @throws CodedError CONFIG_UNREADABLE, CONFIG_NOT_JSON */
export function configShow({ home, environment }: CommandContext, options: { json?: boolean }): void {
  const config = loadConfig(home, environment);
  const shown: ShownSetting[] = [];
  for (const [name, definition] of Object.entries(SETTINGS)) {
    if (!isSettingName(name) || config.origins[name] === 'default' || config.origins[name] === 'unset') continue;
    const origin = config.origins[name];
    if ('secret' in definition) shown.push({ name, value: null, origin, note: 'secret' });
    else shown.push({ name, value: config.values[name] ?? null, origin });
  }
  for (const name of Object.keys(config.file)) {
    if (isSettingName(name)) continue;
    // The key named like the realm holds the reply addresses of the hub.
    if (name === config.values.REALM) shown.push({ name, value: config.file[name], origin: 'file' });
    else shown.push({ name, value: null, origin: 'file', note: 'unknown setting' });
  }
  if (options.json) process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  else if (shown.length === 0) process.stdout.write('No settings.\n');
  else {
    printTable(
      ['NAME', 'VALUE', 'ORIGIN'],
      shown.map(({ name, value, origin, note }) => [name, note === undefined ? JSON.stringify(value) : `[${note}]`, origin]),
    );
  }
}
