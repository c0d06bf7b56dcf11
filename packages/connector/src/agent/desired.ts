/**
 * The ways in which settings change (single keys, all files, what stands in the file now, back to the last good) as one kind of thing:
 * the configuration that is wanted, and how it is written once it works.
 */
import { isDeepStrictEqual } from 'node:util';
import { CodedError } from '@landbridge/runtime';
import { updateConfigFile } from '../config/config-file.ts';
import { encryptPassword } from '../config/credentials.ts';
import { type HomeFiles, readHomeFiles, readLastGood, replaceHomeFiles, saveLastGood } from '../config/home-files.ts';
import { assertHasFiles, type Config, type Environment, loadConfig, withChanges, withFiles } from '../config/load.ts';
import { isSettingName } from '../config/settings.ts';
import { loadCertificate } from '../setup/certificate.ts';

type Changes = Readonly<Record<string, unknown>>;

export interface Desired {
  config: Config;
  /** Makes the directory's parts anew even where no setting differs: a file that a setting names may be another. */
  rebuild: boolean;
  /**
   * @param before what is in use now, to go back to
   * @param learnt what the hub said of its connection when it was tried
   * @throws CodedError CONFIG_NOT_WRITABLE, HOME_FILES_NOT_WRITABLE
   */
  save(before: HomeFiles, learnt: Changes): void;
}

/** What is in use: its key, and the service account's password with it. */
interface InUse {
  config: Config;
  files: HomeFiles;
  password: string | undefined;
  privateKeyPem: string;
}

/** What a ticket says of its connection: it does not outlive the ticket. */
const TICKET_SETTINGS = ['AD_HUB', 'CONNECTION', 'REALM', 'WSFED_ISSUER', 'TENANT_SIGNING_KEY', 'LAST_SENT_THUMBPRINT'] as const;

/** @throws CodedError CONFIG_ENVIRONMENT_ONLY, SETTING_FROM_ENVIRONMENT, CERTIFICATE_UNUSABLE, those of `loadConfig` */
export function desiredWithChanges(inUse: InUse, changes: Changes, environment: Environment): Desired {
  const now = loadConfig(inUse.config.home.folder, environment);
  assertHasFiles(now);
  const elsewhere = Object.keys(changes).filter((name) => isSettingName(name) && now.origins[name] === 'environment');
  if (elsewhere.length > 0) {
    throw new CodedError('SETTING_FROM_ENVIRONMENT', `${elsewhere.join(', ')}: set in the environment, which comes before the file`, {
      action: 'Change it there and restart, or take it out of the environment.',
    });
  }
  const complete = withDependents(inUse, now, changes, environment);
  return {
    config: withChanges(now, complete, environment),
    rebuild: false,
    save(before, learnt) {
      const after = Object.entries({ ...now.file, ...complete, ...learnt }).filter(([, value]) => value !== undefined);
      // Saving what is there already must not take away what there is to go back to.
      if (!isDeepStrictEqual(before.settings, Object.fromEntries(after))) saveLastGood(now.home, before);
      updateConfigFile(now.home.configFile, { ...complete, ...learnt });
    },
  };
}

/** @throws CodedError CONFIG_ENVIRONMENT_ONLY, those of `loadConfig` */
export function desiredWithFiles(inUse: InUse, files: HomeFiles, environment: Environment): Desired {
  const now = loadConfig(inUse.config.home.folder, environment);
  assertHasFiles(now);
  const complete = { ...files, certificate: files.certificate ?? inUse.files.certificate };
  return {
    config: withFiles(now, complete, environment),
    rebuild: false,
    save: (before, learnt) => replaceHomeFiles(now.home, { ...complete, settings: { ...files.settings, ...learnt } }, before),
  };
}

/** @throws CodedError NOTHING_TO_UNDO, HOME_FILES_UNREADABLE, and as `desiredWithFiles` */
export function desiredFromLastGood(inUse: InUse, environment: Environment): Desired {
  assertHasFiles(inUse.config);
  const good = readLastGood(inUse.config.home);
  if (good === undefined) throw new CodedError('NOTHING_TO_UNDO', 'There is nothing to go back to: nothing was changed yet');
  return desiredWithFiles(inUse, good.files, environment);
}

/** @throws CodedError those of `loadConfig` */
export function desiredFromDisk(inUse: InUse, environment: Environment): Desired {
  const config = loadConfig(inUse.config.home.folder, environment);
  return {
    config,
    rebuild: true,
    save(before, learnt) {
      if (config.environmentOnly) return;
      if (!isDeepStrictEqual(before, readHomeFiles(config.home))) saveLastGood(config.home, before);
      if (Object.keys(learnt).length > 0) updateConfigFile(config.home.configFile, learnt);
    },
  };
}

/** With what has to change along: nothing of an old ticket stays, and with another key the password is encrypted anew. */
function withDependents(inUse: InUse, now: Config, changes: Changes, environment: Environment): Changes {
  const complete: Record<string, unknown> = { ...changes };
  if ('PROVISIONING_TICKET' in changes && changes.PROVISIONING_TICKET !== now.values.PROVISIONING_TICKET) {
    for (const name of [...TICKET_SETTINGS, now.values.REALM]) if (name !== undefined && !(name in changes)) complete[name] = undefined;
  }
  const certificate = loadCertificate(withChanges(now, changes, environment));
  const isOtherKey = certificate !== undefined && certificate.privateKeyPem !== inUse.privateKeyPem;
  if (isOtherKey && inUse.password !== undefined && now.origins.LDAP_BIND_CREDENTIALS === 'file' && !('LDAP_BIND_CREDENTIALS' in changes))
    complete.LDAP_BIND_CREDENTIALS = encryptPassword(inUse.password, certificate.privateKeyPem);
  return complete;
}
