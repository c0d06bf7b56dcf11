/** `landbridge-hub status`. */
import { CodedError, whyNotReady } from '@landbridge/runtime';
import { Command } from 'commander';
import { type HubCommandContext, JSON_OPTION } from './context.ts';

export function statusCommand({ withHome, print }: HubCommandContext): Command {
  return new Command('status')
    .description('show whether the hub runs and is ready, and what its home folder contains')
    .option(...JSON_OPTION)
    .action(({ json }: { json?: true }) =>
      withHome(async ({ folder, databasePath, store }) => {
        const [{ isHomeInUse }, { HUB_VERSION }] = await Promise.all([import('../operations/home-lock.ts'), import('../version.ts')]);
        const [connections, apiKeys, clients] = await Promise.all([store.connections(), store.apiKeys(), store.oidcClients()]);
        const disabled = connections.filter(({ enabled }) => !enabled).length;
        const running = isHomeInUse(folder);
        // PUBLIC_URL may lead through a proxy, or have a certificate that only browsers trust.
        const url = await store.localUrl();
        const why = !running || url === undefined ? 'it is starting' : await whyNotReady(url);
        const ready = running && why === undefined;
        if (json) {
          const counts = { connections: connections.length, disabled, apiKeys: apiKeys.length, clients: clients.length };
          print(JSON.stringify({ version: HUB_VERSION, database: databasePath, ...counts, running, ready }, null, 2));
        } else {
          print(`version: ${HUB_VERSION}`);
          print(`database: ${databasePath}`);
          print(`connections: ${connections.length}, disabled: ${disabled}`);
          print(`API keys: ${apiKeys.length}`);
          print(`clients: ${clients.length}`);
          print(`running: ${running ? 'yes' : 'no'}`);
          if (running) print(`ready: ${ready ? 'yes' : 'no'}${url === undefined ? '' : ` (${url}/readyz)`}`);
        }
        if (!running) {
          throw new CodedError('HUB_NOT_RUNNING', `No hub is running on ${folder}`, { action: 'Start it with "landbridge-hub run".' });
        }
        if (!ready) throw new CodedError('HUB_NOT_READY', `The hub is running but not ready: ${why}`, { action: 'See its log.' });
      }),
    );
}
