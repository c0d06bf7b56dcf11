/** `landbridge-hub status`: whether the hub runs and is ready, and what is in its home. */
import { CodedError, errorText } from '@landbridge/runtime';
import { Command } from 'commander';
import type { Surroundings } from './program.ts';

const TIMEOUT_MS = 5000;

export function statusCommand({ withHome, print }: Surroundings): Command {
  return new Command('status').description('say whether the hub runs and is ready, and what is in its home').action(() =>
    withHome(async ({ folder, databasePath, store, publicUrl }) => {
      const [{ isHomeInUse }, { HUB_VERSION }] = await Promise.all([import('../operations/home-lock.ts'), import('../version.ts')]);
      const [connections, apiKeys, clients] = await Promise.all([store.connections(), store.apiKeys(), store.oidcClients()]);
      const runs = isHomeInUse(folder);
      print(`version: ${HUB_VERSION}`);
      print(`database: ${databasePath}`);
      print(`connections: ${connections.length}, switched off: ${connections.filter(({ enabled }) => !enabled).length}`);
      print(`API keys: ${apiKeys.length}`);
      print(`clients: ${clients.length}`);
      print(`runs: ${runs ? 'yes' : 'no'}`);
      if (!runs) throw new CodedError('HUB_NOT_RUNNING', `No hub runs on ${folder}`, { action: 'Start it with "landbridge-hub run".' });
      const url = `${await publicUrl()}/readyz`;
      const ready = await isReady(url);
      print(`ready: ${ready === true ? 'yes' : 'no'} (${url})`);
      if (ready !== true) throw new CodedError('HUB_NOT_READY', `The hub runs, and is not ready: ${ready}`, { action: 'Look at its log.' });
    }),
  );
}

/** @returns true, or why not */
async function isReady(url: string): Promise<true | string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
    return response.status === 200 ? true : `${url} answered ${response.status} ${(await response.text()).slice(0, 200)}`;
  } catch (error) {
    return `${url}: ${errorText(error)}`;
  }
}
