/** The reference of the hub's settings, `docs/hub-configuration.md`, made from their list. */
import { settingsReference } from '@landbridge/runtime';
import { HUB_SETTINGS } from './settings.ts';

const INTRODUCTION = `# Configuration of the hub

Made from the list of settings by \`node tools/generate-configuration.ts\`. The connector's settings are in [configuration.md](configuration.md).

All files are in one folder, the home: \`--home DIR\`, else \`LANDBRIDGE_HOME\`, else the current folder. It holds the database
\`hub.sqlite\` (0600: connections, registered certificates, hashes of tickets and keys, the tenant's signing keys) and, where you
want one, \`hub.json\` with settings. Environment variables of the same names come before it.
`;

export function hubReference(): string {
  return `${INTRODUCTION}\n${settingsReference(HUB_SETTINGS)}`;
}
