/** `landbridge-hub run`. */
import { createLog, runUntilStopped, tlsVerificationWarning, warnIfNodeIsOutdated } from '@landbridge/runtime';
import { Command } from 'commander';
import { firstAdministratorLink, hasAdministrator, INVITATION_LIFETIME_HOURS } from '../administrators/administrators.ts';
import { lockHome } from '../operations/home-lock.ts';
import { requestFields } from '../operations/request-log.ts';
import { type HubSettings, tlsFilesOf } from '../settings.ts';
import { HUB_VERSION } from '../version.ts';
import type { HubCommandContext } from './context.ts';

const THIS_MACHINE: readonly string[] = ['localhost', '127.0.0.1', '::1', '[::1]'];

export function runCommand({ withHome, print }: HubCommandContext): Command {
  return new Command('run').description('run the hub until SIGTERM or SIGINT; creates it if the home is new').action(() =>
    withHome(
      async ({ folder, isNew, databasePath, settings, unknownKeys, store, chain, operator }) => {
        const { log, keepSecret } = createLog({ level: settings.LOG_LEVEL, format: settings.LOG_FORMAT, context: requestFields });
        keepSecret(settings.METRICS_TOKEN);
        keepSecret(settings.HUB_KEY);
        warnIfNodeIsOutdated(log);
        const warning = tlsVerificationWarning(
          'If the hub has to trust a private CA, put its certificate into a file and name it in NODE_EXTRA_CA_CERTS',
        );
        if (warning !== undefined) log.warn(warning);
        if (isNew) log.info({ home: folder }, 'Created a new hub');
        const unlock = lockHome(folder);
        try {
          const { startHub } = await import('../hub.ts');
          await runUntilStopped(log, async ({ onStop }) => {
            const hub = await startHub({ settings, store, chain, log });
            onStop('the hub', () => hub.close());
            log.info({ url: hub.url, publicUrl: hub.publicUrl, version: HUB_VERSION }, 'Hub is listening');
            // The link is a secret. A service's standard output goes to the journal or a container's log, which others can read.
            const link = process.stdout.isTTY ? await firstAdministratorLink(operator, hub.publicUrl) : undefined;
            if (link === undefined && !(await hasAdministrator(store))) {
              log.warn(`No administrator can sign in to the dashboard. Next: landbridge-hub admin invite NAME --home ${folder}`);
            }
            if (link !== undefined) print(`Open this within ${INVITATION_LIFETIME_HOURS} hours to become the first administrator: ${link}`);
            const [connections, apiKeys] = await Promise.all([store.connections(), store.apiKeys()]);
            log.info({ database: databasePath, connections: connections.length, apiKeys: apiKeys.length }, 'Home opened');
            if (isClearText(hub.publicUrl))
              log.warn(`PUBLIC_URL is ${hub.publicUrl}: passwords cross the network in clear text. Use https`);
            if (isOpenToNetwork(settings)) {
              log.warn(`LISTEN_ADDRESS is ${settings.LISTEN_ADDRESS} without TLS_CERT_FILE: make sure that only a TLS proxy can reach it`);
            }
            for (const key of unknownKeys) log.warn(`Unknown setting "${key}" in hub.json`);
            if (connections.length === 0) log.info(`Next: landbridge-hub connection create NAME --home ${folder}`);
            if (apiKeys.length === 0) log.info(`Next: landbridge-hub key create NAME --scope sign-in --home ${folder}`);
          });
          log.info('Stopped');
        } finally {
          unlock();
        }
      },
      { creates: true },
    ),
  );
}

/** @returns whether other machines can send passwords to the port without TLS */
function isOpenToNetwork(settings: HubSettings): boolean {
  return tlsFilesOf(settings) === undefined && !THIS_MACHINE.includes(settings.LISTEN_ADDRESS);
}

/** @returns whether traffic to this URL leaves this machine without TLS */
function isClearText(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !THIS_MACHINE.includes(hostname);
}
