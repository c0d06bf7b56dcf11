/** The connector as a service. */
import type { ServiceProgram } from '@landbridge/runtime';

export const CONNECTOR_SERVICE: ServiceProgram = {
  name: 'landbridge-connector',
  title: 'Landbridge connector',
  settingsFile: 'config.json',
  reloadsOnHangUp: true,
  storedCredential: undefined,
  nodeOptions: ['--disable-warning=ExperimentalWarning'],
};
