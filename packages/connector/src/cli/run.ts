/** `run`: starts the connector and its console, takes up its files anew on SIGHUP, and stops both. What is not set up yet gets the console alone. */
import { CodedError, type Log, runUntilStopped, warnIfNodeIsOutdated } from '@landbridge/runtime';
import { openConsole } from '../admin/console.ts';
import { type RunningConnector, startConnector } from '../agent/connector.ts';
import { assertRunnable, type Config, loadConfigForStart } from '../config/load.ts';
import { configWarnings } from '../config/warnings.ts';
import { LdapError } from '../ldap/errors.ts';
import { inspectDirectory } from '../setup/inspect-directory.ts';
import { CONNECTOR_VERSION } from '../version.ts';
import { openRunLog } from './open-log.ts';
import type { CommandContext } from './program.ts';

/** @throws CodedError why it cannot start with this configuration; a hub or directory that is away is waited for */
export async function run({ home, environment }: CommandContext): Promise<void> {
  const { config, takenOver } = loadConfigForStart(home, environment);
  const isNew = isNothingSetUp(config);
  if (!isNew) assertRunnable(config);
  const { log, keepSecrets, window, file } = openRunLog(config);
  log.info(
    `landbridge-connector ${CONNECTOR_VERSION}, ${config.environmentOnly ? 'configured by the environment only' : config.home.configFile}`,
  );
  warnIfNodeIsOutdated(log);
  if (takenOver) log.info('Took over the configuration of an installed connector; what was set to keep its ways is in the file');
  for (const { message } of configWarnings(config)) log.warn(message);

  try {
    await runUntilStopped(log, async ({ onStop, onHangUp }) => {
      let connector: RunningConnector | undefined;
      let starting: Promise<void> | undefined;
      async function start(startConfig: Config): Promise<void> {
        assertRunnable(startConfig);
        const started = await startConnector({ config: startConfig, environment, log, keepSecrets, agentVersion: CONNECTOR_VERSION });
        connector = started;
        onStop('the connector', started.close);
        onHangUp(() => reload(started, log));
        lookAtDirectory(started, log);
      }
      if (!isNew) await start(config);
      if (!hasConsole(config)) return;
      const console = await openConsole(
        {
          home,
          environment,
          version: CONNECTOR_VERSION,
          log,
          logWindow: window,
          logFile: file,
          connector: () => connector,
          // Two at once would be two connectors.
          startConnector: () => (starting ??= start(loadConfigForStart(home, environment).config).finally(() => (starting = undefined))),
        },
        { address: config.values.CONSOLE_INSECURE_ADDRESS, port: config.values.CONSOLE_PORT },
      ).catch((error: unknown) => {
        // People sign in without a console as well.
        if (isNew || !(error instanceof CodedError)) throw error;
        log.warn({ err: error }, 'It goes on without the console');
        return undefined;
      });
      if (console !== undefined) onStop('the console', console.close);
    });
  } finally {
    await file?.close();
  }
}

/** Neither ticket nor directory: nobody has begun yet, and the console is where to begin. Whatever else is missing is an error that says so. */
function isNothingSetUp(config: Config): boolean {
  const { PROVISIONING_TICKET, AD_HUB, LDAP_URL } = config.values;
  const isEmpty = PROVISIONING_TICKET === undefined && AD_HUB === undefined && LDAP_URL === undefined;
  const given = [config.origins.PROVISIONING_TICKET, config.origins.AD_HUB, config.origins.LDAP_URL];
  return hasConsole(config) && isEmpty && given.every((origin) => origin === 'unset');
}

function hasConsole({ environmentOnly, values }: Config): boolean {
  return values.CONSOLE_ENABLED && !environmentOnly;
}

function reload(connector: RunningConnector, log: Log): void {
  log.info('SIGHUP received: reading the settings again');
  connector.reload().catch((error: unknown) => log.error({ err: error }, 'The settings stay as they were'));
}

/** Connects before the first sign-in comes. A directory that is away says so in the log itself, and is tried again. */
function lookAtDirectory(connector: RunningConnector, log: Log): void {
  inspectDirectory(connector.directory(), connector.config().values, new AbortController().signal).then(
    ({ remarks }) => {
      for (const remark of remarks) log.warn(remark);
    },
    (error: unknown) => {
      if (!(error instanceof LdapError)) log.warn({ err: error }, 'Sign-ins will fail as the directory is now');
    },
  );
}
