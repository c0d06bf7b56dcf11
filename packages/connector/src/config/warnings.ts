/** Warnings that last as long as their cause. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { tlsVerificationWarning } from '@landbridge/runtime';
import { pathsOf } from './home.ts';
import { isInClear, ldapTransport } from './ldap-transport.ts';
import type { Config } from './load.ts';
import { isSettingName, SETTING_NAMES, SETTINGS, type SettingName } from './settings.ts';

export interface Warning {
  /** The setting, key or file. */
  name: string;
  /** A sentence that names it and says what to do. */
  message: string;
}

export function configWarnings(config: Pick<Config, 'home' | 'environmentOnly' | 'values' | 'file'>): Warning[] {
  const warnings = [...insecureSettings(config.values), ...withoutEffect(config.values), ...quoted(config.values)];
  const message = tlsVerificationWarning('If hub, proxy or directory use a private CA, put its certificate into CA_CERT or SSL_CA_FILE');
  if (message !== undefined) warnings.push({ name: 'NODE_TLS_REJECT_UNAUTHORIZED', message });
  return [...warnings, ...likelyTypos(config.file), ...openFiles(config), ...otherLayout(config)];
}

function insecureSettings(values: Config['values']): Warning[] {
  const warnings: Warning[] = [];
  for (const [name, definition] of Object.entries(SETTINGS)) {
    if (isSettingName(name) && 'insecure' in definition && values[name] !== undefined && values[name] !== false) {
      warnings.push({ name, message: `${name} weakens security: ${definition.description.split('. ')[0]}` });
    }
  }
  for (const address of values.LDAP_URL ?? []) {
    if (!isInClear(address, values)) continue;
    warnings.push({
      name: 'LDAP_URL',
      message: `LDAP_URL (${new URL(address).host || address}) is not encrypted, so passwords cross the network in clear text. Use ldaps://, or remove LDAP_INSECURE_NO_TLS to use StartTLS`,
    });
  }
  return warnings;
}

/** Docker's `--env-file` keeps the quotation marks of `NAME="value"`. In a text they may be meant. */
function quoted(values: Config['values']): Warning[] {
  const isQuoted = (value: unknown) => typeof value === 'string' && /^(["']).*\1$/s.test(value);
  return Object.entries(values)
    .filter(([, value]) => isQuoted(value))
    .map(([name]) => ({
      name,
      message: `${name} is in quotation marks, and they are part of its value. Docker keeps them if they are in an env file`,
    }));
}

/** Settings that another setting overrides. */
function withoutEffect(values: Config['values']): Warning[] {
  const warnings: Warning[] = [];
  const add = (name: SettingName, because: string) => warnings.push({ name, message: `${name} has no effect: ${because}` });
  if (values.ANONYMOUS_SEARCH_ENABLED && values.LDAP_BIND_USER !== undefined) {
    if (values.LDAP_BIND_PASSWORD !== undefined || values.LDAP_BIND_CREDENTIALS !== undefined) {
      add('ANONYMOUS_SEARCH_ENABLED', 'LDAP_BIND_USER takes precedence. Remove one of them');
    } else {
      add('LDAP_BIND_USER', 'it has no password, so ANONYMOUS_SEARCH_ENABLED applies. Set LDAP_BIND_PASSWORD, or remove LDAP_BIND_USER');
    }
  }
  if (values.LDAP_BIND_METHOD === 'external') {
    for (const name of ['LDAP_BIND_USER', 'ANONYMOUS_SEARCH_ENABLED'] as const) {
      if (values[name]) add(name, 'LDAP_BIND_METHOD=external takes precedence. Remove one of them');
    }
  } else if (values.LDAP_CLIENT_CERT !== undefined && values.LDAP_URL?.every((url) => ldapTransport(url, values) === 'none')) {
    add('LDAP_CLIENT_CERT', 'the connections are not encrypted. Use ldaps:// in LDAP_URL, or set LDAP_STARTTLS');
  }
  if (values.LDAP_USER_DN !== undefined) {
    if (values.LDAP_USER_BY_NAME !== undefined) add('LDAP_USER_BY_NAME', 'LDAP_USER_DN takes precedence. Remove one of them');
    if (values.LDAP_USER_BY_MAIL) add('LDAP_USER_BY_MAIL', 'LDAP_USER_DN takes precedence. Remove one of them');
  }
  return warnings;
}

/** Unknown keys are kept, but one with nearly the name of a setting is probably a typing error. */
function likelyTypos(file: Config['file']): Warning[] {
  const warnings: Warning[] = [];
  for (const key of Object.keys(file)) {
    if (isSettingName(key)) continue;
    const meant = settingMeant(key);
    if (meant !== undefined) warnings.push({ name: key, message: `${key} is not a setting and has no effect; was ${meant} meant?` });
  }
  return warnings;
}

/** @returns the setting of nearly this name */
export function settingMeant(key: string): SettingName | undefined {
  const name = key.toUpperCase().replaceAll('-', '_');
  return SETTING_NAMES.find((setting) => isNearly(name, setting));
}

/** Names of up to four letters are too similar to one another to guess. */
function isNearly(key: string, name: SettingName): boolean {
  return distance(key, name) <= (name.length <= 4 ? 0 : 2);
}

/** The Levenshtein distance of two words. */
function distance(a: string, b: string): number {
  // Words of different length cannot be close, and long keys must cost nothing.
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

/** On Windows, files inherit the permissions of the folder. */
function openFiles({ home, environmentOnly, values }: Pick<Config, 'home' | 'environmentOnly' | 'values'>): Warning[] {
  if (process.platform === 'win32') return [];
  const warnings: Warning[] = [];
  for (const path of [...(environmentOnly ? [] : [home.configFile]), home.keyFile, ...clientKeyFile(values, home.folder)]) {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode;
    if (mode !== undefined && (mode & 0o077) !== 0) {
      warnings.push({ name: path, message: `${path} can be read by users other than its owner. Run: chmod 600 ${path}` });
    }
  }
  return warnings;
}

/** @returns the path in LDAP_CLIENT_KEY, if it is one */
function clientKeyFile({ LDAP_CLIENT_KEY: key }: Pick<Config['values'], 'LDAP_CLIENT_KEY'>, folder: string): string[] {
  return key === undefined || key.includes('-----BEGIN ') ? [] : [resolve(folder, key)];
}

/** Files that an upgraded Auth0 connector left behind. */
function otherLayout({ home, environmentOnly }: Pick<Config, 'home' | 'environmentOnly'>): Warning[] {
  if (home.layout !== 'data') return [];
  const root = pathsOf(home.folder, 'root');
  const ignored: [string, string][] = [
    [root.profileMapperFile, home.profileMapperFile],
    [root.keyFile, home.keyFile],
  ];
  if (!environmentOnly) ignored.push([root.configFile, home.configFile]);
  return ignored
    .filter(([other, used]) => other !== used && existsSync(other) && existsSync(used))
    .map(([other, used]) => ({ name: other, message: `${other} is ignored, because ${used} exists` }));
}
