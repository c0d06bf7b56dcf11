/** `landbridge-connector health`: for the health checks of containers. */
import { CodedError, localUrl, whyNotReady } from '@landbridge/runtime';
import { HEALTH_LOOPBACK } from '../agent/health.ts';
import { loadConfig } from '../config/load.ts';
import type { CommandContext } from './context.ts';

/** @throws CodedError CONNECTOR_NOT_READY, CONFIG_UNREADABLE, CONFIG_NOT_JSON */
export async function health({ home, environment }: CommandContext): Promise<void> {
  const { HEALTH_PORT, HEALTH_ADDRESS = HEALTH_LOOPBACK } = loadConfig(home, environment).values;
  if (HEALTH_PORT === undefined) {
    throw new CodedError('CONNECTOR_NOT_READY', 'HEALTH_PORT is not set, so the connector cannot be asked', {
      action: 'Set HEALTH_PORT and restart the connector.',
    });
  }
  const why = await whyNotReady(localUrl('http', HEALTH_ADDRESS, HEALTH_PORT));
  if (why !== undefined) throw new CodedError('CONNECTOR_NOT_READY', `The connector is not ready: ${why}`, { action: 'See its log.' });
  process.stdout.write('ready\n');
}
