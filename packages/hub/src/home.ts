/** The home: the folder with the hub's settings and database. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '@landbridge/runtime';
import { type AuditChain, createAuditChain } from './audit/chain.ts';
import { type HomeKey, openHomeKey } from './home-key.ts';
import { type HubSettings, readSettings, tlsFilesOf } from './settings.ts';
import { needsItsKey, openSqliteStore } from './store/sqlite/sqlite-store.ts';
import type { Store } from './store/store.ts';

/** In the home. */
export const DATABASE_FILE = 'hub.sqlite';

export interface HubHome {
  folder: string;
  databasePath: string;
  settings: HubSettings;
  unknownKeys: string[];
  store: Store;
  key: HomeKey;
  chain: AuditChain;
  /** The URL at which the hub is reached, even while it is not running. @throws CodedError PUBLIC_URL_UNKNOWN */
  publicUrl(): Promise<string>;
}

/**
 * Creates the folder if it is missing.
 *
 * @param given `--home`, else LANDBRIDGE_HOME, else the current folder
 * @throws CodedError HOME_UNUSABLE
 */
function homeFolder(given: string | undefined, environment: Readonly<Record<string, string | undefined>>): string {
  const folder = resolve(given ?? (environment.LANDBRIDGE_HOME || '.'));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new CodedError('HOME_UNUSABLE', `The home ${folder} cannot be created`, { cause, action: 'Choose another folder with --home.' });
  }
  return folder;
}

/** @throws as `openHome` */
export function settingsOfHome(given: string | undefined, environment: Readonly<Record<string, string | undefined>>): HubSettings {
  return readSettings(homeFolder(given, environment), environment).settings;
}

/**
 * Reads the home without opening the database.
 * @param backup no key is created next to it either if it needs its own
 * @throws as `openHome`
 */
export function closedHome(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  backup?: string,
): { folder: string; key: HomeKey } {
  const folder = homeFolder(given, environment);
  const { settings } = readSettings(folder, environment);
  const databases = [join(folder, DATABASE_FILE), ...(backup === undefined ? [] : [backup])];
  return { folder, key: openHomeKey(folder, settings.HUB_KEY, environment, () => !databases.some(needsItsKey)) };
}

/**
 * @param given as for `homeFolder`
 * @throws CodedError HOME_UNUSABLE, SETTINGS_UNREADABLE, SETTINGS_INVALID, HUB_KEY_UNUSABLE, HUB_KEY_MISSING, HUB_KEY_MISMATCH, STORE_UNUSABLE
 */
export function openHome(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  options: { anyKey?: boolean } = {},
): HubHome {
  const folder = homeFolder(given, environment);
  const { settings, portIsSet, unknownKeys } = readSettings(folder, environment);
  const databasePath = join(folder, DATABASE_FILE);
  const key = openHomeKey(folder, settings.HUB_KEY, environment, () => !needsItsKey(databasePath));
  const store = openSqliteStore(databasePath, key, options);
  return {
    folder,
    databasePath,
    settings,
    unknownKeys,
    store,
    key,
    chain: createAuditChain(key),
    async publicUrl() {
      if (settings.PUBLIC_URL !== undefined) return new URL(settings.PUBLIC_URL).origin;
      // Without a fixed port, the running hub has recorded its URL.
      const recorded = portIsSet && settings.PORT !== 0 ? undefined : await store.publicUrl();
      if (recorded === undefined && settings.PORT === 0) {
        throw new CodedError('PUBLIC_URL_UNKNOWN', 'The URL of the hub is not known yet, because PORT is 0', {
          action: 'Start the hub first, or set PUBLIC_URL.',
        });
      }
      return recorded ?? `${tlsFilesOf(settings) === undefined ? 'http' : 'https'}://localhost:${settings.PORT}`;
    },
  };
}
