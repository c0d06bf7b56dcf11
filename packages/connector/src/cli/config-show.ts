/** `config show`: every value that is set, and where it comes from. No secret is printed, and of unknown keys only the name. */
import { loadConfig } from '../config/load.ts';
import { isSettingName, SETTINGS } from '../config/settings.ts';
import type { CommandContext } from './program.ts';

interface ShownSetting {
  name: string;
  /** Null where it is secret, or no setting: a mistyped name may hide a password. */
  value: unknown;
  origin: string;
  note?: 'secret' | 'not a setting';
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
    // The reply addresses that the hub allows stand under the realm's own name.
    if (name === config.values.REALM) shown.push({ name, value: config.file[name], origin: 'file' });
    else shown.push({ name, value: null, origin: 'file', note: 'not a setting' });
  }
  process.stdout.write(options.json ? `${JSON.stringify(shown, null, 2)}\n` : asText(shown));
}

function asText(shown: readonly ShownSetting[]): string {
  if (shown.length === 0) return 'Nothing is set.\n';
  return shown
    .map(({ name, value, origin, note }) => `${name} = ${note === undefined ? JSON.stringify(value) : `[${note}]`}  (${origin})\n`)
    .join('');
}
