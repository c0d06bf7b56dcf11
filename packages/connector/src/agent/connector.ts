/**
 * The running connector: directory, users and hub link, made from one configuration, and made anew from another one while it runs. A
 * change is tried before it counts: new parts are opened and have to work, then new requests go to them, and the old ones finish what
 * they have. A change that would keep the connector from working is refused, and everything goes on as it was.
 */
import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { CodedError, errorText, type Log } from '@landbridge/runtime';
import { updateConfigFile } from '../config/config-file.ts';
import { bindPassword, encryptPassword } from '../config/credentials.ts';
import { type HomeFiles, readHomeFiles } from '../config/home-files.ts';
import { assertRunnable, type Config, type Environment, loadConfig, withChanges } from '../config/load.ts';
import { profileMapperSource } from '../config/profile-mapper-source.ts';
import type { SettingName } from '../config/settings.ts';
import { wantsKerberosDebug } from '../frontchannel/kerberos/kerberos.ts';
import type { LinkStatus } from '../hub/link.ts';
import type { Directory } from '../ldap/directory.ts';
import { configuredCertificates } from '../network/trust.ts';
import { loadCertificate } from '../setup/certificate.ts';
import { inspectDirectory } from '../setup/inspect-directory.ts';
import type { Users } from '../users/users.ts';
import { affectedParts } from './affected-parts.ts';
import { type Desired, desiredFromDisk, desiredFromLastGood, desiredWithChanges, desiredWithFiles } from './desired.ts';
import { type DirectoryParts, openDirectoryParts } from './directory-parts.ts';
import { createFrontChannelPart } from './front-channel-part.ts';
import { createHotSwapUsers } from './hot-swap.ts';
import { type HubPart, openHubPart } from './hub-part.ts';

export interface ConnectorOptions {
  config: Config;
  environment: Environment;
  log: Log;
  /** Keeps the secrets of a configuration out of the log, and one more value. */
  keepSecrets: (config: Pick<Config, 'values'>, value: string | undefined) => void;
  agentVersion: string;
}

export interface RunningConnector {
  /** Stay the same over every change. */
  readonly users: Users;
  /** What is in use now. */
  config(): Config;
  directory(): Directory;
  hub(): LinkStatus;
  /** `changed`: after each change that was applied; `hub`: when the state of the link in use changes. */
  readonly events: EventEmitter<{ changed: [Applied]; hub: [LinkStatus] }>;
  /**
   * Applies these keys of config.json and saves them; a setting that is undefined is removed. What somebody wrote into the file by hand
   * meanwhile is applied with them.
   *
   * @throws CodedError with nothing changed: CHANGE_REFUSED with the reasons; SETTING_FROM_ENVIRONMENT, CONFIG_ENVIRONMENT_ONLY;
   *   CONFIG_INVALID; what keeps a part from being made (LDAP_FILTER_INVALID, MAPPER_SYNTAX, CA_UNUSABLE, CERTIFICATE_UNUSABLE, …); why it
   *   could not be saved (CONFIG_NOT_WRITABLE, HOME_FILES_NOT_WRITABLE); STOPPING
   */
  apply(changes: Readonly<Record<string, unknown>>, options?: ChangeOptions): Promise<Applied>;
  /** Applies and saves all files: of an import, or with another mapper. @throws as `apply` */
  replace(files: HomeFiles, options?: ChangeOptions): Promise<Applied>;
  /** Applies what stands in the files now. @throws as `apply` */
  reload(options?: ChangeOptions): Promise<Applied>;
  /** Back to what was in use before the last change; twice: forward again. @throws as `apply`, and NOTHING_TO_UNDO */
  undo(options?: ChangeOptions): Promise<Applied>;
  /** Finishes what is in work, then closes everything. */
  close(): Promise<void>;
}

export interface ChangeOptions {
  /** Applies also what does not work now: it is known that the directory or the hub is away. */
  force?: boolean;
}

export interface Applied {
  changed: SettingName[];
  /** Those that count from the next start on. */
  afterRestart: SettingName[];
  /** Which parts were made anew. */
  directory: boolean;
  hub: boolean;
  /** What does not work and was applied by force all the same; and what works and deserves a word. */
  remarks: string[];
}

/** To connect to a directory, bind and look; each step has shorter limits of its own. */
const DIRECTORY_TRIAL_MS = 30_000;
/** To read the ticket, register, connect and be accepted. */
const HUB_TRIAL_MS = 60_000;

/** What the parts in use were made from. */
interface InUse {
  config: Config;
  files: HomeFiles;
  password: string | undefined;
  privateKeyPem: string;
  mapper: string | undefined;
  /** The texts: a file may change while its name stays. */
  authorities: string[];
}

/**
 * Opens the directory, which may be away, and starts connecting to the hub.
 *
 * @throws CodedError why it cannot start with this configuration
 */
export async function startConnector(options: ConnectorOptions): Promise<RunningConnector> {
  const { environment, log, agentVersion } = options;
  const events = new EventEmitter<{ changed: [Applied]; hub: [LinkStatus] }>();
  const stopping = new AbortController();

  /** @throws CodedError CREDENTIALS_UNREADABLE, CA_UNUSABLE, PROFILE_MAPPER_UNREADABLE */
  function basisOf(config: Config, privateKeyPem: string): Omit<InUse, 'files'> {
    const password = bindPassword(config, privateKeyPem);
    options.keepSecrets(config, password);
    const authorities = configuredCertificates(config.values);
    return { config, password, privateKeyPem, mapper: profileMapperSource(config), authorities };
  }

  function adopt(part: HubPart): void {
    part.adopt(
      (changes) => {
        inUse.config = withChanges(inUse.config, changes, environment);
        const settings = Object.entries({ ...inUse.files.settings, ...changes }).filter(([, value]) => value !== undefined);
        inUse.files = { ...inUse.files, settings: Object.fromEntries(settings) };
      },
      (status) => {
        if (part === hub) events.emit('hub', status);
      },
    );
    part.onProvisioned(frontChannel.update);
  }

  assertRunnable(options.config);
  let hub = openHubPart({ config: options.config, log, agentVersion });
  keepLearnt(options.config, hub, log);
  const first = basisOf(options.config, hub.privateKeyPem);
  const inUse: InUse = { ...first, ...current(options.config, environment) };
  const turns = createHotSwapUsers(await openDirectoryParts(options.config, inUse.password, log), log);
  const directoryIsUp = () => turns.parts().directory.status().connected;
  hub.start(turns.users, directoryIsUp);
  const frontChannel = createFrontChannelPart({
    basis: () => ({ config: inUse.config, hub: hub.provisioned() }),
    users: turns.users,
    checkToken: (token) => hub.checkToken(token),
    kerberosDebug: () => wantsKerberosDebug(inUse.config.values.KERBEROS_DEBUG, environment),
    log,
  });
  adopt(hub);

  async function change(desired: Desired, force: boolean): Promise<Applied> {
    const { config } = desired;
    assertRunnable(config);
    const certificate = loadCertificate(config);
    const next = basisOf(config, certificate?.privateKeyPem ?? inUse.privateKeyPem);
    const affected = affectedParts(inUse.config, config);
    const otherAuthorities = !isDeepStrictEqual(next.authorities, inUse.authorities);
    const withHub = affected.hub || otherAuthorities || next.privateKeyPem !== inUse.privateKeyPem;
    const otherUsers = next.password !== inUse.password || next.mapper !== inUse.mapper;
    const withDirectory = affected.directory || otherAuthorities || otherUsers || desired.rebuild;

    const opened: (() => Promise<void>)[] = [];
    const failures: unknown[] = [];
    const remarks: string[] = [];
    try {
      let nextDirectory: DirectoryParts | undefined;
      if (withDirectory) {
        nextDirectory = await openDirectoryParts(config, next.password, log);
        opened.push(nextDirectory.close);
        const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(DIRECTORY_TRIAL_MS)]);
        await inspectDirectory(nextDirectory.directory, config.values, signal).then(
          (findings) => remarks.push(...findings.remarks),
          (error: unknown) => failures.push(error),
        );
      }
      let nextHub: HubPart | undefined;
      // A hub is not connected to for a change that is refused already.
      if (withHub && (failures.length === 0 || force)) {
        nextHub = openHubPart({ config, log, agentVersion });
        opened.push(nextHub.close);
        nextHub.start(turns.users, directoryIsUp);
        const failure = await nextHub.tried(AbortSignal.any([stopping.signal, AbortSignal.timeout(HUB_TRIAL_MS)]));
        if (failure !== undefined) failures.push(failure);
      }
      if (stopping.signal.aborted) throw stopped();
      if (failures.length > 0 && !force) throw refused(failures);
      desired.save(inUse.files, { ...passwordToKeep(config, certificate?.privateKeyPem), ...nextHub?.learnt() });
      // What is in the file now is in use from here on: nothing below can fail.
      opened.length = 0;
      Object.assign(inUse, next, current(config, environment));
      if (nextDirectory !== undefined) turns.exchange(nextDirectory);
      if (nextHub !== undefined) exchangeHub(nextHub);
    } catch (error) {
      await Promise.allSettled(opened.map((close) => close()));
      throw error;
    }
    log.level = config.values.LOG_LEVEL;
    const applied: Applied = {
      changed: affected.changed,
      afterRestart: affected.afterRestart,
      directory: withDirectory,
      hub: withHub,
      remarks: [...failures.map(errorText), ...remarks],
    };
    await frontChannel.update();
    log.info({ changed: applied.changed, directory: withDirectory, hub: withHub }, 'The settings were changed');
    for (const remark of applied.remarks) log.warn(remark);
    events.emit('changed', applied);
    return applied;
  }

  /** Both are connected for a moment, with the same users behind them: the old one finishes what it has. */
  function exchangeHub(next: HubPart): void {
    const old = hub;
    hub = next;
    adopt(next);
    old.close().catch((error: unknown) => log.warn({ err: error }, 'Closing the former connection to the hub failed'));
    events.emit('hub', next.status());
  }

  /** One change after the other, each made from what the one before it left. */
  let last: Promise<unknown> = Promise.resolve();
  function inTurn(want: () => Desired, { force = false }: ChangeOptions = {}): Promise<Applied> {
    const done = last.then(() => {
      if (stopping.signal.aborted) throw stopped();
      return change(want(), force);
    });
    last = done.catch(() => {});
    return done;
  }

  return {
    users: turns.users,
    config: () => inUse.config,
    directory: () => turns.parts().directory,
    hub: () => hub.status(),
    events,
    apply: (changes, changeOptions) => inTurn(() => desiredWithChanges(inUse, changes, environment), changeOptions),
    replace: (files, changeOptions) => inTurn(() => desiredWithFiles(inUse, files, environment), changeOptions),
    reload: (changeOptions) => inTurn(() => desiredFromDisk(inUse, environment), changeOptions),
    undo: (changeOptions) => inTurn(() => desiredFromLastGood(inUse, environment), changeOptions),
    async close() {
      stopping.abort();
      await last;
      await Promise.all([hub.close(), frontChannel.close()]);
      await turns.close();
    },
  };
}

/** What the files say after they were written: without what stood in for them before. */
function current({ home, environmentOnly }: Config, environment: Environment): Pick<InUse, 'config' | 'files'> {
  const config = loadConfig(home.folder, environment);
  return { config, files: environmentOnly ? { settings: {}, mapper: undefined, certificate: undefined } : readHomeFiles(home) };
}

/** The password that somebody typed into the file, encrypted. */
function keepLearnt({ home, environmentOnly }: Config, hub: HubPart, log: Log): void {
  if (environmentOnly || Object.keys(hub.learnt()).length === 0) return;
  try {
    updateConfigFile(home.configFile, hub.learnt());
  } catch (error) {
    log.warn({ err: error }, 'LDAP_BIND_PASSWORD stays in clear');
  }
}

/** A password that was typed is encrypted when it is saved, where there is a key that is kept. */
function passwordToKeep({ values, origins }: Config, privateKeyPem: string | undefined): Record<string, unknown> {
  if (origins.LDAP_BIND_PASSWORD !== 'file' || values.LDAP_BIND_PASSWORD === undefined || privateKeyPem === undefined) return {};
  return { LDAP_BIND_PASSWORD: undefined, LDAP_BIND_CREDENTIALS: encryptPassword(values.LDAP_BIND_PASSWORD, privateKeyPem) };
}

function refused(failures: readonly unknown[]): CodedError {
  const [first] = failures;
  const why = failures.map(errorText).join('; ');
  return new CodedError('CHANGE_REFUSED', `Nothing was changed, because the connector would not work: ${why}`, {
    action: first instanceof CodedError && first.action !== undefined ? first.action : 'Correct it, or apply it all the same.',
    cause: first,
  });
}

function stopped(): CodedError {
  return new CodedError('STOPPING', 'The connector is stopping: nothing was changed');
}
