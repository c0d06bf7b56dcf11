/** `landbridge-hub health`: for the health checks of containers. It opens no database, and asks the hub's port, not PUBLIC_URL. */
import { CodedError, localUrl, whyNotReady } from '@landbridge/runtime';
import { Command } from 'commander';
import { tlsFilesOf } from '../settings.ts';
import type { HubCommandContext } from './context.ts';

export function healthCommand({ settings, print }: HubCommandContext): Command {
  return new Command('health').description('exit with 0 if the hub on this machine is ready, for health checks').action(async () => {
    const values = await settings();
    const scheme = tlsFilesOf(values) === undefined ? 'http' : 'https';
    const why = await whyNotReady(localUrl(scheme, values.LISTEN_ADDRESS, values.PORT));
    if (why !== undefined) throw new CodedError('HUB_NOT_READY', `The hub is not ready: ${why}`, { action: 'See its log.' });
    print('ready');
  });
}
