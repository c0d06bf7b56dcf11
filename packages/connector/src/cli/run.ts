/** `run`: builds the connector's parts in order, connects them, and stops them in reverse. */
import { type Log, runUntilStopped } from '@landbridge/runtime';
import { bindPassword } from '../config/credentials.ts';
import { assertRunnable, loadConfigForStart } from '../config/load.ts';
import type { ConnectorSettings } from '../config/settings.ts';
import { openDirectoryParts } from '../directory-parts.ts';
import { startHubLink } from '../hub/link.ts';
import type { Directory } from '../ldap/directory.ts';
import { LdapError } from '../ldap/errors.ts';
import { createOutbound } from '../network/outbound.ts';
import { inspectDirectory } from '../setup/inspect-directory.ts';
import { createProvisioning } from '../setup/provision.ts';
import { openLog } from './open-log.ts';
import { type CommandContext, VERSION } from './program.ts';

/** @throws CodedError why it cannot start with this configuration; a hub or directory that is away is waited for */
export async function run({ home, environment }: CommandContext): Promise<void> {
  const { config, takenOver } = loadConfigForStart(home, environment);
  assertRunnable(config);
  const { values } = config;
  const { log, keepSecret } = openLog(config);
  log.info(`landbridge-connector ${VERSION}, ${config.environmentOnly ? 'configured by the environment only' : config.home.configFile}`);
  if (takenOver) log.info('Took over the configuration of an installed connector; what was set to keep its ways is in the file');
  for (const { message } of config.warnings) log.warn(message);

  await runUntilStopped(log, async ({ onStop }) => {
    const outbound = createOutbound(values);
    const provisioning = createProvisioning({ config, outbound, log, agentVersion: VERSION });
    const password = bindPassword(config, provisioning.privateKeyPem);
    keepSecret(password);

    const { directory, users, close } = await openDirectoryParts(config, password, log);
    onStop('the directory', close);

    const link = startHubLink({
      provision: provisioning.provision,
      users,
      directoryIsUp: () => directory.status().connected,
      log,
      privateKey: provisioning.privateKey,
      resetPasswordEnabled: values.ENABLE_WRITE_BACK,
      changeOwnPasswordEnabled: values.ENABLE_PASSWORD_SELF_CHANGE,
      outbound,
      maxReconnectIntervalMs: values.WS_RECONNECT_INTERVAL_MS,
      times: { drainTimeoutMs: values.SHUTDOWN_GRACE_MS },
    });
    onStop('the hub link', () => link.close());
    lookAtDirectory(directory, values, log);
  });
}

/** Connects before the first sign-in comes. A directory that is away says so in the log itself, and is tried again. */
function lookAtDirectory(directory: Directory, values: ConnectorSettings, log: Log): void {
  inspectDirectory(directory, values, new AbortController().signal).then(
    ({ remarks }) => {
      for (const remark of remarks) log.warn(remark);
    },
    (error: unknown) => {
      if (!(error instanceof LdapError)) log.warn({ err: error }, 'Sign-ins will fail as the directory is now');
    },
  );
}
