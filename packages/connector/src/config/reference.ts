/** The text of `docs/configuration.md`. */
import { settingsReference } from '@landbridge/runtime';
import { SETTINGS } from './settings.ts';

const INTRODUCTION = `# The connector's settings

This file is generated from \`packages/connector/src/config/settings.ts\` by \`node tools/generate-configuration.ts\`.

Each setting is a key of \`config.json\` in the connector's home, or an environment variable of the same name, which comes first. In the
environment \`||\` separates levels: \`GROUP_PROPERTIES||0=cn\`. With \`OVERRIDE_CONFIG=false\` in the environment no file is read or
written. Keys that are no settings are kept. \`landbridge-connector config check\` says what is missing or wrong, \`config show\` what is set
and where it comes from.

The files in the home, each with mode 0600:

| file | what |
| --- | --- |
| \`config.json\`, or \`data/config.json\` where it is there | the settings |
| \`config.json.bak\` | the settings before the connector last changed them |
| \`last-good.json\` | settings, certificate and mapper before they were last changed as a whole: what undoing goes back to |
| \`certs/cert.pem\`, \`certs/cert.key\` | the connector's own certificate and key; whoever has them can pose as this connector |
| \`lib/profileMapper.js\`, or \`data/profileMapper/custom.js\` | a profile mapper, if there is one |
| \`logs/connector.log\`, \`logs/connector.log.1\` and so on | the log (\`LOG_FILE\`) |
| \`console.json\`, \`console-link.json\` | the console's password and its newest one-time link, as hashes; in no export |
| \`update/\` | packages of newer versions, which the console lists |
| \`instance-id\` | which of several connectors with this certificate it is; never copied |

`;

export function connectorReference(): string {
  return INTRODUCTION + settingsReference(SETTINGS);
}
