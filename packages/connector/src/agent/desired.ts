/**
 * The desired configuration: every way in which settings change (single keys, all files, the files on disk, the last good files) leads
 * to one configuration to try, parsed once, and to what is written when it works.
 */
import { isDeepStrictEqual } from 'node:util';
import { CodedError } from '@landbridge/runtime';
import { updateConfigFile } from '../config/config-file.ts';
import { encryptPassword } from '../config/credentials.ts';
import { findHome } from '../config/home.ts';
import {
  finishReplacement,
  type HomeFiles,
  NO_FILES,
  readHomeFiles,
  readLastGood,
  replaceHomeFiles,
  saveLastGood,
} from '../config/home-files.ts';
import { assertHasFiles, type Config, type Environment, withChanges, withFiles, withSettingsFile } from '../config/load.ts';
import { isSettingName } from '../config/settings.ts';
import { loadCertificate } from '../setup/certificate.ts';
import { keepCertificateAside } from '../setup/new-certificate.ts';

export type Changes = Readonly<Record<string, unknown>>;

export interface Desired {
  config: Config;
  /** What the home holds once this is saved. */
  files: HomeFiles;
  /** Reopens the directory even if no setting differs, because a file that a setting names may have changed. */
  reopenDirectory: boolean;
  /**
   * @param before the files in use now, which `undo` goes back to
   * @param kept what the connector adds: the encrypted password, and the hub's answers from the trial
   * @throws CodedError CONFIG_NOT_WRITABLE, HOME_FILES_NOT_WRITABLE
   */
  save(before: HomeFiles, kept: Changes): void;
}

/** What the parts in use were opened with. */
export interface InUse {
  config: Config;
  files: HomeFiles;
  /** Of the service account, decrypted. */
  password: string | undefined;
  privateKeyPem: string;
}

/** Settings that the hub's answer to a ticket fills in: a new ticket discards them. */
const TICKET_SETTINGS = [
  'AD_HUB',
  'CONNECTION',
  'REALM',
  'WSFED_ISSUER',
  'HUB_IDENTITY',
  'TENANT_SIGNING_KEY',
  'LAST_SENT_THUMBPRINT',
] as const;

/** @throws CodedError CONFIG_ENVIRONMENT_ONLY, SETTING_FROM_ENVIRONMENT, CERTIFICATE_UNUSABLE, and as `loadConfig` */
export function desiredWithChanges(inUse: InUse, changes: Changes, environment: Environment): Desired {
  assertHasFiles(inUse.config);
  const fixed = Object.keys(changes).filter((name) => isSettingName(name) && inUse.config.origins[name] === 'environment');
  if (fixed.length > 0) {
    throw new CodedError('SETTING_FROM_ENVIRONMENT', `${fixed.join(', ')}: set in the environment, which overrides config.json`, {
      action: 'Change it in the environment and restart, or remove it from there.',
    });
  }
  const { home, files } = filesOnDisk(inUse.config);
  const complete: Record<string, unknown> = { ...ticketDependents(inUse, files, changes), ...changes };
  let desired = withSettings(files, complete);
  let config = withSettingsFile({ ...inUse.config, home }, desired.settings, environment);
  const credentials = credentialsForNewKey(inUse, config, changes);
  if (credentials !== undefined) {
    Object.assign(complete, credentials);
    desired = withSettings(desired, credentials);
    config = withChanges(config, credentials, environment);
  }
  return { config, files: desired, reopenDirectory: false, save: (before, kept) => saveChanges(home, before, desired, complete, kept) };
}

/** @throws CodedError CONFIG_ENVIRONMENT_ONLY, and as `loadConfig` */
export function desiredWithFiles(inUse: InUse, given: HomeFiles, environment: Environment): Desired {
  assertHasFiles(inUse.config);
  const { home } = filesOnDisk(inUse.config);
  const files = { ...given, certificate: given.certificate ?? inUse.files.certificate };
  return {
    config: withFiles({ ...inUse.config, home }, files, environment),
    files,
    reopenDirectory: false,
    save(before, kept) {
      if (files.certificate !== undefined && before.certificate?.privateKeyPem !== files.certificate.privateKeyPem)
        keepCertificateAside(home);
      replaceHomeFiles(home, withSettings(files, kept), before);
    },
  };
}

/** @throws CodedError NOTHING_TO_UNDO, HOME_FILES_UNREADABLE, and as `desiredWithFiles` */
export function desiredFromLastGood(inUse: InUse, environment: Environment): Desired {
  assertHasFiles(inUse.config);
  const good = readLastGood(inUse.config.home);
  if (good === undefined) throw new CodedError('NOTHING_TO_UNDO', 'There is no earlier configuration to go back to');
  return desiredWithFiles(inUse, good.files, environment);
}

/** @throws CodedError as `loadConfig` */
export function desiredFromDisk(inUse: InUse, environment: Environment): Desired {
  const { environmentOnly } = inUse.config;
  const { home, files } = environmentOnly ? { home: inUse.config.home, files: NO_FILES } : filesOnDisk(inUse.config);
  return {
    config: withSettingsFile({ ...inUse.config, home }, files.settings, environment),
    files,
    reopenDirectory: true,
    save(before, kept) {
      if (!environmentOnly) saveChanges(home, before, files, {}, kept);
    },
  };
}

/** The configuration in use. Reopens whatever depends on files that changed. */
export function desiredAsInUse({ config, files }: InUse): Desired {
  return {
    config,
    files,
    reopenDirectory: false,
    save(_before, kept) {
      if (!config.environmentOnly) updateConfigFile(config.home.configFile, kept);
    },
  };
}

/** @returns these files with changed settings; undefined removes one */
export function withSettings(files: HomeFiles, changes: Changes): HomeFiles {
  const settings = Object.entries({ ...files.settings, ...changes }).filter(([, value]) => value !== undefined);
  return { ...files, settings: Object.fromEntries(settings) };
}

/** Writes only what changed, so that an edit made meanwhile by hand stays. */
function saveChanges(home: Config['home'], before: HomeFiles, files: HomeFiles, changes: Changes, kept: Changes): void {
  // Saving the same again must not overwrite what `undo` goes back to.
  if (!isDeepStrictEqual(before, withSettings(files, kept))) saveLastGood(home, before);
  updateConfigFile(home.configFile, { ...changes, ...kept });
}

/** The home is looked up again: its layout may have changed. */
function filesOnDisk({ home: { folder } }: Config): { home: Config['home']; files: HomeFiles } {
  const home = findHome(folder);
  finishReplacement(home);
  return { home, files: readHomeFiles(home) };
}

/** With another ticket, what the hub said for the old one is removed, reply addresses under the realm's name included. */
function ticketDependents(inUse: InUse, { settings }: HomeFiles, changes: Changes): Changes {
  const { PROVISIONING_TICKET: ticket, REALM: realm = inUse.config.values.REALM } = settings;
  if (!('PROVISIONING_TICKET' in changes) || changes.PROVISIONING_TICKET === (typeof ticket === 'string' ? ticket.trim() : ticket))
    return {};
  const names = [...TICKET_SETTINGS, ...(typeof realm === 'string' ? [realm] : [])];
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

/** With another key, the password is encrypted again; otherwise it could not be decrypted. */
function credentialsForNewKey(inUse: InUse, config: Config, changes: Changes): Changes | undefined {
  const certificate = loadCertificate(config);
  const isNewKey = certificate !== undefined && certificate.privateKeyPem !== inUse.privateKeyPem;
  if (!isNewKey || inUse.password === undefined) return undefined;
  if (config.origins.LDAP_BIND_CREDENTIALS !== 'file' || 'LDAP_BIND_CREDENTIALS' in changes) return undefined;
  return { LDAP_BIND_CREDENTIALS: encryptPassword(inUse.password, certificate.privateKeyPem) };
}
