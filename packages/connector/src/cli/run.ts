/** `run`: runs the connector and its console until a signal. SIGHUP reloads the configuration. Before setup, only the console runs. */
import { existsSync, unwatchFile, watchFile } from 'node:fs';
import { CodedError, createHome, type Log, runUntilStopped, warnIfNodeIsOutdated } from '@landbridge/runtime';
import { openConsole } from '../admin/console.ts';
import { type RunningConnector, startConnector } from '../agent/connector.ts';
import { openHealthServer } from '../agent/health.ts';
import { isEnvironmentOnly } from '../config/environment-only.ts';
import { assertRunnable, type Config, loadConfig, loadConfigForStart } from '../config/load.ts';
import { writeRunningFile } from '../config/running-file.ts';
import { configWarnings } from '../config/warnings.ts';
import { LdapError } from '../ldap/errors.ts';
import { inspectDirectory } from '../setup/inspect-directory.ts';
import { filterWarnings } from '../setup/problems-of-files.ts';
import { isEnrolledByCode } from '../setup/ticket.ts';
import { createConnectorSignInEvents } from '../users/sign-in-events.ts';
import { CONNECTOR_VERSION } from '../version.ts';
import type { CommandContext } from './context.ts';
import { openRunLog } from './open-log.ts';

/** @throws CodedError if the configuration does not allow to start; an unreachable hub or directory is retried */
export async function run({ home, environment }: CommandContext, options: { stopWhenStdinEnds?: boolean } = {}): Promise<void> {
  const isNewHome = !existsSync(home) && !isEnvironmentOnly(environment);
  if (isNewHome) createHome(home);
  const { config, takenOver, notSaved } = loadConfigForStart(home, environment);
  const isNew = isNothingSetUp(config);
  if (!isNew) assertRunnable(config);
  const { log, keepSecrets, window, file } = openRunLog(config);
  const signIns = createConnectorSignInEvents(log);
  log.info(
    `landbridge-connector ${CONNECTOR_VERSION}, ${config.environmentOnly ? 'configured by the environment only' : config.home.configFile}`,
  );
  if (isNewHome) log.info(`Created ${home} for a new connector`);
  warnIfNodeIsOutdated(log);
  if (takenOver) log.info('Imported the configuration of an Auth0 AD/LDAP Connector, with settings that preserve its behaviour');
  if (notSaved !== undefined)
    log.warn({ err: notSaved }, "The hub's answer is kept in memory only, and the password in the file is not replaced");
  for (const { message } of [...configWarnings(config), ...filterWarnings(config.values)]) log.warn(message);

  try {
    await runUntilStopped(log, async ({ onStop, onHangUp, stopWhenStdinEnds }) => {
      if (options.stopWhenStdinEnds) stopWhenStdinEnds();
      let connector: RunningConnector | undefined;
      let starting: Promise<void> | undefined;
      async function start(startConfig: Config): Promise<void> {
        assertRunnable(startConfig);
        const started = await startConnector({
          config: startConfig,
          environment,
          log,
          signIns,
          keepSecrets,
          agentVersion: CONNECTOR_VERSION,
        });
        connector = started;
        onStop('the connector', started.close);
        const note = () => noteRunning(started, config, log);
        started.events.on('hub', note);
        note();
        onHangUp(() => reload(started, log));
        checkDirectory(started, log);
      }
      const { HEALTH_PORT: port, HEALTH_ADDRESS: address } = config.values;
      if (port !== undefined) {
        const health = await openHealthServer({ connector: () => connector, port, address, log });
        onStop('the health checks', health.close);
      }
      // Concurrent calls must not start two connectors.
      const startOnce = () => (starting ??= start(loadConfigForStart(home, environment).config).finally(() => (starting = undefined)));
      if (!isNew) await start(config);
      if (!hasConsole(config)) return;
      const console = await openConsole(
        {
          home,
          environment,
          version: CONNECTOR_VERSION,
          log,
          signIns,
          logWindow: window,
          logFile: file,
          connector: () => connector,
          startConnector: startOnce,
        },
        { address: config.values.CONSOLE_INSECURE_ADDRESS, port: config.values.CONSOLE_PORT },
      ).catch((error: unknown) => {
        // Sign-ins do not need the console.
        if (isNew || !(error instanceof CodedError)) throw error;
        log.warn({ err: error }, 'Console failed to start; the connector runs without it');
        return undefined;
      });
      if (console !== undefined) onStop('the console', console.close);
      if (isNew) {
        const startIfSetUp = async () => {
          if (connector !== undefined || isNothingSetUp(loadConfig(home, environment))) return;
          await startOnce();
        };
        onStop(
          'waiting for setup',
          onChanged(config.home.configFile, () => {
            startIfSetUp().catch((error: unknown) => log.error({ err: error }, 'The connector does not start with the changed settings'));
          }),
        );
      }
    });
  } finally {
    await file?.close();
  }
}

/** The command `setup` writes the settings in another process. Polls, because not every file system reports changes. */
function onChanged(configFile: string, use: () => void): () => void {
  watchFile(configFile, { interval: 500 }, use);
  return () => unwatchFile(configFile, use);
}

/**
 * @returns whether setup can happen in the console: ticket and directory are both unset, or the connector is enrolled by a code and the directory
 *   is unset. If anything else is missing, that is an error
 */
function isNothingSetUp(config: Config): boolean {
  const { origins, values } = config;
  const isEmpty = values.PROVISIONING_TICKET === undefined && values.AD_HUB === undefined;
  const isUnset = isEmpty && origins.PROVISIONING_TICKET === 'unset' && origins.AD_HUB === 'unset';
  return hasConsole(config) && values.LDAP_URL === undefined && origins.LDAP_URL === 'unset' && (isUnset || isEnrolledByCode(values));
}

function hasConsole({ environmentOnly, values }: Config): boolean {
  return values.CONSOLE_ENABLED && !environmentOnly;
}

/** For `update`, which waits until a new version is online. */
function noteRunning(connector: RunningConnector, { home, environmentOnly }: Config, log: Log): void {
  if (environmentOnly) return;
  try {
    writeRunningFile(home.folder, { version: CONNECTOR_VERSION, pid: process.pid, online: connector.hub().state === 'connected' });
  } catch (error) {
    log.debug({ err: error }, 'running.json cannot be written; updates cannot be tried');
  }
}

function reload(connector: RunningConnector, log: Log): void {
  log.info('SIGHUP received: reloading the configuration');
  connector.reload().catch((error: unknown) => log.error({ err: error }, 'Reload failed; the configuration is unchanged'));
}

/** Connects before the first sign-in. The LDAP client itself logs and retries an unreachable directory. */
function checkDirectory(connector: RunningConnector, log: Log): void {
  inspectDirectory(connector.directory(), connector.config().values, new AbortController().signal).then(
    ({ remarks }) => {
      for (const remark of remarks) log.warn(remark);
    },
    (error: unknown) => {
      if (!(error instanceof LdapError)) log.warn({ err: error }, 'Directory check failed; sign-ins will fail');
    },
  );
}
