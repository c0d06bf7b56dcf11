/** `landbridge-hub run`: the hub, until it is told to stop. */
import { createLog, runUntilStopped } from '@landbridge/runtime';
import { Command } from 'commander';
import { type Surroundings, VERSION } from './program.ts';

export function runCommand({ withHome }: Surroundings): Command {
  return new Command('run').description('run the hub until it is told to stop (SIGTERM, SIGINT)').action(() =>
    withHome(async ({ folder, databasePath, settings, unknownKeys, store }) => {
      const { log, flush } = createLog({ level: settings.LOG_LEVEL, format: settings.LOG_FORMAT });
      try {
        const { startHub } = await import('../hub.ts');
        await runUntilStopped(log, async ({ onStop }) => {
          const hub = await startHub({ settings, store, log });
          onStop('the hub', () => hub.close());
          log.info({ url: hub.url, publicUrl: hub.publicUrl, version: VERSION }, 'Landbridge hub is listening');
          const [connections, apiKeys] = await Promise.all([store.connections(), store.apiKeys()]);
          log.info({ database: databasePath, connections: connections.length, apiKeys: apiKeys.length }, 'State');
          if (isClearText(hub.publicUrl)) log.warn(`PUBLIC_URL is ${hub.publicUrl}: passwords cross the network in clear text. Use https.`);
          for (const key of unknownKeys) log.warn(`hub.json has "${key}", which is no setting`);
          if (connections.length === 0) log.info(`Next: landbridge-hub connection create NAME --home ${folder}`);
          if (apiKeys.length === 0) log.info(`Next: landbridge-hub key create NAME --home ${folder}`);
        });
        log.info('Stopped');
      } finally {
        flush();
      }
    }),
  );
}

/** Whether what is sent there leaves this machine without TLS. */
function isClearText(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
