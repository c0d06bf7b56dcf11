/** The hub as a service. */
import type { ServiceProgram } from '@landbridge/runtime';

export const HUB_SERVICE: ServiceProgram = {
  name: 'landbridge-hub',
  title: 'Landbridge hub',
  settingsFile: 'hub.json',
  reloadsOnHangUp: false,
  storedCredential: { name: 'landbridge-hub-key', purpose: 'The key that encrypts the database, if it is not hub.key in the home' },
  nodeOptions: ['--disable-warning=ExperimentalWarning'],
};
