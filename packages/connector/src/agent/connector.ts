/**
 * The running connector: directory, users, hub link and front channel, opened from one configuration, and reopened from another one
 * while it runs. A change is tried first: new parts are opened and must work; then new requests go to them, and the old parts finish
 * what is in flight. A change that would break the connector is refused, and everything stays as it was.
 */
import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { CodedError, errorText, type Log, watchFiles } from '@landbridge/runtime';
import { updateConfigFile } from '../config/config-file.ts';
import { bindPassword, encryptPassword } from '../config/credentials.ts';
import { type HomeFiles, NO_FILES, readHomeFiles } from '../config/home-files.ts';
import type { TlsKeyPair } from '../config/key-pair.ts';
import { assertRunnable, type Config, type Environment, withChanges } from '../config/load.ts';
import { profileMapperSource } from '../config/profile-mapper-source.ts';
import type { SettingName } from '../config/settings.ts';
import { wantsKerberosDebug } from '../frontchannel/kerberos/kerberos.ts';
import type { LinkStatus } from '../hub/link.ts';
import { type RequestAlarm, watchHubRequests } from '../hub/request-alarms.ts';
import type { Directory } from '../ldap/directory.ts';
import { readDirectoryCertificate } from '../network/directory-certificate.ts';
import { configuredCertificates } from '../network/trust.ts';
import { loadCertificate } from '../setup/certificate.ts';
import { inspectDirectory } from '../setup/inspect-directory.ts';
import { type ConnectorSignInEvents, createConnectorSignInEvents } from '../users/sign-in-events.ts';
import type { Users } from '../users/users.ts';
import { affectedParts } from './affected-parts.ts';
import {
  type Changes,
  type Desired,
  desiredAsInUse,
  desiredFromDisk,
  desiredFromLastGood,
  desiredWithChanges,
  desiredWithFiles,
  type InUse,
  withSettings,
} from './desired.ts';
import { type DirectoryParts, openDirectoryParts } from './directory-parts.ts';
import { createFrontChannelPart } from './front-channel-part.ts';
import { createHotSwap } from './hot-swap.ts';
import { type HubPart, openHubPart } from './hub-part.ts';

export interface ConnectorOptions {
  config: Config;
  environment: Environment;
  log: Log;
  /** By default only the log subscribes. */
  signIns?: ConnectorSignInEvents;
  /** Keeps the secrets of a configuration, and one more value, out of the log. */
  keepSecrets: (config: Pick<Config, 'values'>, value: string | undefined) => void;
  agentVersion: string;
  /** How often certificate authority files are read again. For tests. */
  fileCheckMs?: number;
}

export interface RunningConnector {
  /** Stays the same across changes. */
  readonly users: Users;
  /** The configuration in use. */
  config(): Config;
  directory(): Directory;
  hub(): LinkStatus;
  /** The newest version among the hub's packages; undefined if the hub announced none. */
  newestVersion(): string | undefined;
  /** Suspicious requests from the hub within the last day. */
  alarms(): RequestAlarm[];
  /** `changed`: after each change that was applied; `hub`: when the state of the link in use changes. */
  readonly events: EventEmitter<{ changed: [Applied]; hub: [LinkStatus] }>;
  /**
   * Applies these keys of config.json and saves them; undefined removes a setting. Edits made to the file by hand are applied as well.
   *
   * @throws CodedError with nothing changed: CHANGE_REFUSED with the reasons; SETTING_FROM_ENVIRONMENT, CONFIG_ENVIRONMENT_ONLY;
   *   CONFIG_INVALID; why a part cannot be opened (LDAP_FILTER_INVALID, MAPPER_SYNTAX, CA_UNUSABLE, CERTIFICATE_UNUSABLE, …); why the
   *   change cannot be saved (CONFIG_NOT_WRITABLE, HOME_FILES_NOT_WRITABLE); STOPPING
   */
  apply(changes: Changes, options?: ChangeOptions): Promise<Applied>;
  /** Applies and saves all files, from an import or with another mapper. @throws as `apply` */
  replace(files: HomeFiles, options?: ChangeOptions): Promise<Applied>;
  /** Applies the files on disk. @throws as `apply` */
  reload(options?: ChangeOptions): Promise<Applied>;
  /** Goes back to what was in use before the last change; a second call goes forward again. @throws as `apply`, and NOTHING_TO_UNDO */
  undo(options?: ChangeOptions): Promise<Applied>;
  /** Finishes the requests in flight, then closes everything. */
  close(): Promise<void>;
}

export interface ChangeOptions {
  /** Applies the change even if it does not work now, because the directory or the hub is known to be unavailable. */
  force?: boolean;
  /** Called when a step begins. */
  onStep?: (step: ChangeStep) => void;
}

/** What a change does: it tries the directory, tries the hub, and is saved. Steps that it does not need are left out. */
export type ChangeStep = 'directory' | 'hub' | 'saving';

export interface Applied {
  changed: SettingName[];
  /** The settings that apply from the next start. */
  afterRestart: SettingName[];
  /** Whether the directory was reopened, and the link to the hub. */
  directory: boolean;
  hub: boolean;
  /** What does not work and was applied by force, and warnings about what works. */
  remarks: string[];
}

/** To connect to a directory, bind and search; each step has a shorter limit of its own. */
const DIRECTORY_TRIAL_MS = 30_000;
/** To read the ticket, register, connect and be accepted. */
const HUB_TRIAL_MS = 60_000;

/** What the parts in use were opened with. */
interface Parts extends InUse {
  mapper: string | undefined;
  /** The certificates themselves: a file may change while its name stays. */
  authorities: string[];
  clientCertificate: TlsKeyPair | undefined;
}

/**
 * Opens the directory, which may be unavailable, and starts connecting to the hub.
 *
 * @throws CodedError why it cannot start with this configuration
 */
export async function startConnector(options: ConnectorOptions): Promise<RunningConnector> {
  const { environment, log, agentVersion, signIns = createConnectorSignInEvents(log) } = options;
  const events = new EventEmitter<{ changed: [Applied]; hub: [LinkStatus] }>();
  const stopping = new AbortController();

  /** @throws CodedError CREDENTIALS_UNREADABLE, CA_UNUSABLE, PROFILE_MAPPER_UNREADABLE */
  function openedWith(config: Config, files: HomeFiles, privateKeyPem: string): Parts {
    const password = bindPassword(config, privateKeyPem);
    options.keepSecrets(config, password);
    const { authorities, clientCertificate } = tlsFilesOf(config);
    return { config, files, password, privateKeyPem, mapper: profileMapperSource(config), authorities, clientCertificate };
  }

  /** Records what was written to config.json without opening anything. */
  function recordSaved(changes: Changes): void {
    if (Object.keys(changes).length === 0) return;
    inUse.config = withChanges(inUse.config, changes, environment);
    inUse.files = withSettings(inUse.files, changes);
  }

  function putInUse(part: HubPart): void {
    hub = part;
    part.putInUse({
      onSaved: recordSaved,
      onStatus(status) {
        if (part === hub) events.emit('hub', status);
      },
      onProvisioned: () => frontChannel.update(),
    });
  }

  assertRunnable(options.config);
  let hub = openHubPart({ config: options.config, signIns, log, agentVersion });
  const files = options.config.environmentOnly ? NO_FILES : readHomeFiles(options.config.home);
  const inUse = openedWith(options.config, files, hub.privateKeyPem);
  if (!options.config.environmentOnly) recordSaved(savePassword(options.config, hub.pendingChanges(), log));
  const hotSwap = createHotSwap(await openDirectoryParts(options.config, inUse.password, log), log);
  const directoryIsUp = () => {
    const { connected, connecting } = hotSwap.parts().directory.status();
    return connecting ? undefined : connected;
  };
  const requestAlarms = watchHubRequests(hotSwap.users, log);
  hub.start(requestAlarms.users, directoryIsUp);
  const frontChannel = createFrontChannelPart({
    basis: () => ({ config: inUse.config, hub: hub.provisioned() }),
    users: hotSwap.users,
    signIns,
    checkToken: (token) => hub.checkToken(token),
    kerberosDebug: () => wantsKerberosDebug(inUse.config.values.KERBEROS_DEBUG, environment),
    log,
  });
  putInUse(hub);

  async function change(desired: Desired, { force = false, onStep }: ChangeOptions): Promise<Applied> {
    const { config } = desired;
    assertRunnable(config);
    const certificate = loadCertificate(config);
    const next = openedWith(config, desired.files, certificate?.privateKeyPem ?? inUse.privateKeyPem);
    const affected = affectedParts(inUse.config, config);
    const newAuthorities = !isDeepStrictEqual(next.authorities, inUse.authorities);
    const reopenHub = affected.hub || newAuthorities || next.privateKeyPem !== inUse.privateKeyPem;
    const newCertificate = !isDeepStrictEqual(next.clientCertificate, inUse.clientCertificate);
    const newUsers = next.password !== inUse.password || next.mapper !== inUse.mapper;
    const reopenDirectory = affected.directory || newAuthorities || newCertificate || newUsers || desired.reopenDirectory;

    const opened: (() => Promise<void>)[] = [];
    const failures: unknown[] = [];
    const remarks: string[] = [];
    try {
      let nextDirectory: DirectoryParts | undefined;
      if (reopenDirectory) {
        onStep?.('directory');
        nextDirectory = await openDirectoryParts(config, next.password, log);
        opened.push(nextDirectory.close);
        const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(DIRECTORY_TRIAL_MS)]);
        await inspectDirectory(nextDirectory.directory, config.values, signal).then(
          (findings) => remarks.push(...findings.remarks),
          (error: unknown) => failures.push(error),
        );
      }
      let nextHub: HubPart | undefined;
      // Do not bother the hub with a change that is refused already.
      if (reopenHub && (failures.length === 0 || force)) {
        onStep?.('hub');
        nextHub = openHubPart({ config, signIns, log, agentVersion });
        opened.push(nextHub.close);
        nextHub.start(requestAlarms.users, directoryIsUp);
        const failure = await nextHub.accepted(AbortSignal.any([stopping.signal, AbortSignal.timeout(HUB_TRIAL_MS)]));
        if (failure !== undefined) failures.push(failure);
      }
      if (stopping.signal.aborted) throw stopped();
      if (failures.length > 0 && !force) throw refused(failures);
      onStep?.('saving');
      const kept = { ...encryptedPassword(config, certificate?.privateKeyPem), ...nextHub?.pendingChanges() };
      desired.save(inUse.files, kept);
      // The change is saved: nothing below can fail.
      opened.length = 0;
      const { candidate: _, ...saved } = config;
      Object.assign(inUse, next, { config: saved });
      recordSaved(kept);
      if (nextDirectory !== undefined) hotSwap.swap(nextDirectory);
      if (nextHub !== undefined) swapHub(nextHub);
    } catch (error) {
      await Promise.allSettled(opened.map((close) => close()));
      throw error;
    }
    log.level = config.values.LOG_LEVEL;
    const applied: Applied = {
      changed: affected.changed,
      afterRestart: affected.afterRestart,
      directory: reopenDirectory,
      hub: reopenHub,
      remarks: [...failures.map(errorText), ...remarks],
    };
    await frontChannel.update();
    log.info({ changed: applied.changed, directory: reopenDirectory, hub: reopenHub }, 'Settings changed');
    for (const remark of applied.remarks) log.warn(remark);
    events.emit('changed', applied);
    return applied;
  }

  /** Both links are connected for a moment, with the same users behind them, while the old one finishes its requests. */
  function swapHub(next: HubPart): void {
    const old = hub;
    putInUse(next);
    old.close().catch((error: unknown) => log.warn({ err: error }, 'Could not close the replaced connection to the hub'));
    events.emit('hub', next.status());
  }

  /** Changes run one after the other, each on top of the one before. */
  let last: Promise<unknown> = Promise.resolve();
  function enqueue(desire: () => Desired, changeOptions: ChangeOptions = {}): Promise<Applied> {
    const done = last.then(() => {
      if (stopping.signal.aborted) throw stopped();
      return change(desire(), changeOptions);
    });
    last = done.catch(() => {});
    return done;
  }

  const tlsFiles = watchFiles({
    what: 'the trusted certificate authorities and the client certificate for the directory',
    read: () => tlsFilesOf(inUse.config),
    use({ authorities, clientCertificate }) {
      if (isDeepStrictEqual(authorities, inUse.authorities) && isDeepStrictEqual(clientCertificate, inUse.clientCertificate)) return;
      // Forced: the new file contents apply even while the directory is down.
      enqueue(() => desiredAsInUse(inUse), { force: true }).catch((error: unknown) =>
        log.error({ err: error }, 'The changed certificates cannot be used; the previous ones stay in use'),
      );
    },
    log,
    ...(options.fileCheckMs !== undefined && { intervalMs: options.fileCheckMs }),
  });

  return {
    users: hotSwap.users,
    config: () => inUse.config,
    directory: () => hotSwap.parts().directory,
    hub: () => hub.status(),
    newestVersion: () => hub.newestVersion(),
    alarms: requestAlarms.recent,
    events,
    apply: (changes, changeOptions) => enqueue(() => desiredWithChanges(inUse, changes, environment), changeOptions),
    replace: (files, changeOptions) => enqueue(() => desiredWithFiles(inUse, files, environment), changeOptions),
    reload: (changeOptions) => enqueue(() => desiredFromDisk(inUse, environment), changeOptions),
    undo: (changeOptions) => enqueue(() => desiredFromLastGood(inUse, environment), changeOptions),
    async close() {
      stopping.abort();
      tlsFiles.stop();
      await last;
      await Promise.all([hub.close(), frontChannel.close()]);
      await hotSwap.close();
    },
  };
}

/** @throws CodedError CA_UNUSABLE, LDAP_CLIENT_CERTIFICATE_UNUSABLE */
function tlsFilesOf({ values, home }: Config): Pick<Parts, 'authorities' | 'clientCertificate'> {
  return { authorities: configuredCertificates(values), clientCertificate: readDirectoryCertificate(values, home.folder) };
}

/** Replaces a password that was typed into the file by its encrypted form. @returns what was written */
function savePassword({ home }: Config, changes: Changes, log: Log): Changes {
  try {
    updateConfigFile(home.configFile, changes);
    return changes;
  } catch (error) {
    log.warn({ err: error }, 'Could not encrypt LDAP_BIND_PASSWORD in config.json; it stays in clear text');
    return {};
  }
}

/** A typed password is encrypted when it is saved, but only with a key that is saved too. */
function encryptedPassword({ values, origins }: Config, privateKeyPem: string | undefined): Changes {
  if (origins.LDAP_BIND_PASSWORD !== 'file' || values.LDAP_BIND_PASSWORD === undefined || privateKeyPem === undefined) return {};
  return { LDAP_BIND_PASSWORD: undefined, LDAP_BIND_CREDENTIALS: encryptPassword(values.LDAP_BIND_PASSWORD, privateKeyPem) };
}

function refused(failures: readonly unknown[]): CodedError {
  const [first] = failures;
  const why = failures.map(errorText).join('; ');
  return new CodedError('CHANGE_REFUSED', `Nothing was changed, because the connector would not work: ${why}`, {
    action: first instanceof CodedError && first.action !== undefined ? first.action : 'Correct it, or apply the change anyway.',
    cause: first,
  });
}

function stopped(): CodedError {
  return new CodedError('STOPPING', 'Nothing was changed, because the connector is stopping');
}
