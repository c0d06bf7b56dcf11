/** `landbridge-hub status`. */
import { CodedError, whyNotReady } from '@landbridge/runtime';
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

export function statusCommand({ withHome, print }: HubCommandContext): Command {
  return new Command('status').description('show whether the hub runs and is ready, and what its home folder contains').action(() =>
    withHome(async ({ folder, databasePath, store }) => {
      const [{ isHomeInUse }, { HUB_VERSION }] = await Promise.all([import('../operations/home-lock.ts'), import('../version.ts')]);
      const [connections, apiKeys, clients] = await Promise.all([store.connections(), store.apiKeys(), store.oidcClients()]);
      const runs = isHomeInUse(folder);
      print(`version: ${HUB_VERSION}`);
      print(`database: ${databasePath}`);
      print(`connections: ${connections.length}, disabled: ${connections.filter(({ enabled }) => !enabled).length}`);
      print(`API keys: ${apiKeys.length}`);
      print(`clients: ${clients.length}`);
      print(`running: ${runs ? 'yes' : 'no'}`);
      if (!runs)
        throw new CodedError('HUB_NOT_RUNNING', `No hub is running on ${folder}`, { action: 'Start it with "landbridge-hub run".' });
      // PUBLIC_URL may lead through a proxy, or have a certificate that only browsers trust.
      const url = await store.localUrl();
      const why = url === undefined ? 'it is starting' : await whyNotReady(url);
      print(`ready: ${why === undefined ? 'yes' : 'no'}${url === undefined ? '' : ` (${url}/readyz)`}`);
      if (why !== undefined) throw new CodedError('HUB_NOT_READY', `The hub is running but not ready: ${why}`, { action: 'See its log.' });
    }),
  );
}
