/** The home: the folder with the hub's settings and database. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, createHome, homeFolder } from '@landbridge/runtime';
import { type AuditChain, createAuditChain } from './audit/chain.ts';
import { type HomeKey, KEY_FILE, openHomeKey } from './home-key.ts';
import { type HubSettings, readSettings, tlsFilesOf } from './settings.ts';
import { needsItsKey, openSqliteStore } from './store/sqlite/sqlite-store.ts';
import type { Store } from './store/store.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** In the home. */
export const DATABASE_FILE = 'hub.sqlite';

export interface HubHome {
  folder: string;
  databasePath: string;
  /** The database has just been created. */
  isNew: boolean;
  settings: HubSettings;
  unknownKeys: string[];
  store: Store;
  key: HomeKey;
  chain: AuditChain;
  /** The URL at which the hub is reached, even while it is not running. @throws CodedError PUBLIC_URL_UNKNOWN */
  publicUrl(): Promise<string>;
}

const PROGRAM = 'landbridge-hub';
const SETTINGS_FILE = 'hub.json';

/** @throws CodedError HOME_UNUSABLE */
function createdHome(given: string | undefined, environment: Environment): string {
  const folder = homeFolder(PROGRAM, given, environment);
  createHome(folder);
  return folder;
}

/**
 * A mistyped path must not become a new hub, so a folder without a database counts only if it was made for one: it has `hub.json`, or is empty
 * except for the key.
 *
 * @throws CodedError HUB_NOT_FOUND
 */
function existingHome(given: string | undefined, environment: Environment): string {
  const folder = homeFolder(PROGRAM, given, environment);
  const names = existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : undefined;
  if (names?.includes(DATABASE_FILE) || names?.includes(SETTINGS_FILE)) return folder;
  if (names?.every((name) => name === KEY_FILE || name.startsWith('.'))) return folder;
  throw new CodedError('HUB_NOT_FOUND', `There is no hub in ${folder}${names === undefined ? ', which is not a folder' : ''}`, {
    action: `Name the hub's home with --home or LANDBRIDGE_HOME. To create a hub there: landbridge-hub run --home ${folder}`,
  });
}

/** @throws as `openHome` */
export function settingsOfHome(given: string | undefined, environment: Environment): HubSettings {
  return readSettings(existingHome(given, environment), environment).settings;
}

/**
 * Reads the home without opening the database.
 * @param backup no key is created next to it either if it needs its own
 * @throws as `openHome`
 */
export function closedHome(given: string | undefined, environment: Environment, backup?: string): { folder: string; key: HomeKey } {
  const folder = backup === undefined ? existingHome(given, environment) : createdHome(given, environment);
  const { settings } = readSettings(folder, environment);
  const databases = [join(folder, DATABASE_FILE), ...(backup === undefined ? [] : [backup])];
  return { folder, key: openHomeKey(folder, settings.HUB_KEY, environment, () => !databases.some(needsItsKey)) };
}

/**
 * @param given `--home`
 * @param options.existing creates no hub in a folder that was not made for one
 * @throws CodedError HOME_UNUSABLE, HUB_NOT_FOUND, SETTINGS_UNREADABLE, SETTINGS_INVALID, HUB_KEY_UNUSABLE, HUB_KEY_MISSING, HUB_KEY_MISMATCH, STORE_UNUSABLE
 */
export function openHome(
  given: string | undefined,
  environment: Environment,
  options: { anyKey?: boolean; existing?: boolean } = {},
): HubHome {
  const folder = (options.existing ? existingHome : createdHome)(given, environment);
  const { settings, portIsSet, unknownKeys } = readSettings(folder, environment);
  const databasePath = join(folder, DATABASE_FILE);
  const key = openHomeKey(folder, settings.HUB_KEY, environment, () => !needsItsKey(databasePath));
  const isNew = !existsSync(databasePath);
  const store = openSqliteStore(databasePath, key, options);
  return {
    folder,
    isNew,
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
