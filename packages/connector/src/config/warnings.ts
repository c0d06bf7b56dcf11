/** What stands as a warning for as long as it is so. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isInClear } from './ldap-transport.ts';
import type { Config } from './load.ts';
import { isSettingName, SETTINGS, type SettingName } from './settings.ts';

export interface Warning {
  /** The setting, the key or the file that it is about. */
  name: string;
  /** A sentence that names it and says what to do. */
  message: string;
}

export function configWarnings(config: Pick<Config, 'home' | 'environmentOnly' | 'values' | 'file'>): Warning[] {
  const warnings = [...insecureSettings(config.values), ...withoutEffect(config.values)];
  if (config.environmentOnly) return warnings;
  return [...warnings, ...likelyTypos(config.file), ...openFiles(config.home), ...twoLayouts(config.home)];
}

function insecureSettings(values: Config['values']): Warning[] {
  const warnings: Warning[] = [];
  for (const [name, definition] of Object.entries(SETTINGS)) {
    if (isSettingName(name) && 'insecure' in definition && values[name] !== undefined && values[name] !== false) {
      warnings.push({ name, message: `${name} is on and weakens security: ${definition.description.split('. ')[0]}` });
    }
  }
  for (const address of values.LDAP_URL ?? []) {
    if (!isInClear(address, values)) continue;
    warnings.push({
      name: 'LDAP_URL',
      message: `LDAP_URL (${new URL(address).host || address}) is not encrypted: passwords cross the network in clear. Use ldaps://, or remove LDAP_INSECURE_NO_TLS for StartTLS`,
    });
  }
  return warnings;
}

/** Settings beside another one that comes before them. */
function withoutEffect(values: Config['values']): Warning[] {
  const warnings: Warning[] = [];
  const add = (name: SettingName, because: string) => warnings.push({ name, message: `${name} has no effect: ${because}` });
  if (values.ANONYMOUS_SEARCH_ENABLED && values.LDAP_BIND_USER !== undefined) {
    if (values.LDAP_BIND_PASSWORD !== undefined || values.LDAP_BIND_CREDENTIALS !== undefined) {
      add('ANONYMOUS_SEARCH_ENABLED', 'LDAP_BIND_USER searches. Remove one of them');
    } else {
      add('LDAP_BIND_USER', 'it has no password, so ANONYMOUS_SEARCH_ENABLED counts. Set LDAP_BIND_PASSWORD, or remove it');
    }
  }
  if (values.LDAP_USER_DN !== undefined) {
    if (values.LDAP_USER_BY_NAME !== undefined) add('LDAP_USER_BY_NAME', 'LDAP_USER_DN comes before it. Remove one of them');
    if (values.LDAP_USER_BY_MAIL) add('LDAP_USER_BY_MAIL', 'LDAP_USER_DN comes before it. Remove one of them');
  }
  return warnings;
}

/** Keys that we do not know are kept, but one that is nearly a setting was probably meant to be it. */
function likelyTypos(file: Config['file']): Warning[] {
  const warnings: Warning[] = [];
  for (const key of Object.keys(file)) {
    if (isSettingName(key)) continue;
    const meant = Object.keys(SETTINGS).find((name) => isSettingName(name) && isNearly(key.toUpperCase().replaceAll('-', '_'), name));
    if (meant !== undefined) warnings.push({ name: key, message: `${key} is not a setting and has no effect; was ${meant} meant?` });
  }
  return warnings;
}

/** Names of at most four letters differ from one another by little more than a typing error. */
function isNearly(key: string, name: SettingName): boolean {
  return distance(key, name) <= (name.length <= 4 ? 0 : 2);
}

/** Levenshtein's: how many letters are put in, left out or replaced between two words. */
function distance(a: string, b: string): number {
  // Settings have at most 40 letters; a longer key is none of them, and costs nothing.
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Windows keeps rights in another way; there the folder's are inherited. */
function openFiles(home: Config['home']): Warning[] {
  if (process.platform === 'win32') return [];
  const warnings: Warning[] = [];
  for (const path of [home.configFile, home.keyFile]) {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode;
    if (mode !== undefined && (mode & 0o077) !== 0) {
      warnings.push({ name: path, message: `${path} can be read by others than its owner: chmod 600 ${path}` });
    }
  }
  return warnings;
}

function twoLayouts(home: Config['home']): Warning[] {
  const other = join(home.folder, 'config.json');
  if (home.layout !== 'data' || !existsSync(other)) return [];
  return [{ name: other, message: `${home.configFile} is used; ${other} is there too and is not read` }];
}
