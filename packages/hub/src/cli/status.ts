/** `landbridge-hub status`. */
import { CodedError, errorText } from '@landbridge/runtime';
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

const TIMEOUT_MS = 5000;

export function statusCommand({ withHome, print }: HubCommandContext): Command {
  return new Command('status').description('show whether the hub runs and is ready, and what its home folder contains').action(() =>
    withHome(async ({ folder, databasePath, store, publicUrl }) => {
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
      const url = `${await publicUrl()}/readyz`;
      const ready = await isReady(url);
      print(`ready: ${ready === true ? 'yes' : 'no'} (${url})`);
      if (ready !== true) throw new CodedError('HUB_NOT_READY', `The hub is running but not ready: ${ready}`, { action: 'See its log.' });
    }),
  );
}

/** @returns true, or the reason why not */
async function isReady(url: string): Promise<true | string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
    return response.status === 200 ? true : `${url} answered ${response.status} ${(await response.text()).slice(0, 200)}`;
  } catch (error) {
    return `${url}: ${errorText(error)}`;
  }
}
