/** The text of `docs/configuration.md`. */
import { settingsReference } from '@landbridge/runtime';
import { SETTINGS } from './settings.ts';

const INTRODUCTION = `# The connector's settings

<!-- Generated from packages/connector/src/config/settings/ by node tools/generate-configuration.ts. -->

**Set these five first**, or let \`landbridge-connector setup\` or the [console](console.md) ask for them. Everything else has a default that
works:

| setting | value |
| --- | --- |
| \`PROVISIONING_TICKET\` | the ticket URL from the hub |
| \`LDAP_URL\` | the directory, such as \`ldaps://dc1.fabrikam.local\` |
| \`LDAP_BASE\` | the DN below which users are found; often the directory announces it |
| \`LDAP_BIND_USER\`, \`LDAP_BIND_PASSWORD\` | the service account that searches |

If the directory's certificate is from your own authority, also set \`CA_CERT\` or \`SSL_CA_FILE\`.

## How settings are read

Each setting is a key of \`config.json\` in the connector's home, or an environment variable of the same name, which takes precedence. With
\`OVERRIDE_CONFIG=false\` in the environment that file is neither read nor written, but \`certs/\` and the mapper in the home still apply. Unknown keys are kept. \`landbridge-connector config check\` lists
missing and invalid settings, \`config show\` shows each value and where it comes from.

The *replaced connector* is an installed Auth0 AD/LDAP Connector that this one takes over from: its \`config.json\` works here.

- A *secret* setting may also be in a file: \`LDAP_BIND_PASSWORD_FILE=/run/secrets/bind-password\` in the environment stands for its content, without the
  line end. The file is read again at a reload. \`NAME\` and \`NAME_FILE\` together are an error. The systemd credential
  \`landbridge-connector_NAME\` (\`LoadCredential=\`) applies if neither is set. So the order is: \`NAME\` or \`NAME_FILE\` in the environment,
  credential, \`config.json\`, default.
- Booleans may also be \`1\`, \`yes\`, \`on\` and \`0\`, \`no\`, \`off\`.
- In the environment lists are separated by commas: \`GROUP_PROPERTIES=cn,mail\`. \`||\` separates the levels of a nested key
  (\`GROUP_PROPERTIES||0=cn\`), which shells cannot export: set such names with \`env\` or in the service's unit.
- \`GROUPS\` is a variable of bash itself, which ignores \`export GROUPS=false\`. Use \`env GROUPS=false landbridge-connector …\`, the service's
  unit, or \`config.json\`.
- Most changes take effect without a restart: send SIGHUP, or use the console. Settings that apply only after a restart say so.

## Files

In the connector's home, each with mode 0600. The home is \`--home DIR\`, else \`LANDBRIDGE_HOME\`, else in a package the platform's folder
(\`/var/lib/landbridge-connector\`, \`%ProgramData%\\Landbridge\\Connector\`, \`/Library/Application Support/Landbridge/Connector\`), else the current
folder. Only \`setup\`, \`import\` and \`run\` create a folder that does not exist.

| file | content |
| --- | --- |
| \`config.json\`, or \`data/config.json\` if it exists | the settings |
| \`config.json.bak\` | the settings before the connector last changed them |
| \`last-good.json\` | settings, certificate and mapper before the last change, for undo |
| \`certs/cert.pem\`, \`certs/cert.key\`, or the same in \`data/certs/\` beside \`data/config.json\` | the connector's own certificate and key. Anyone who has the key can impersonate this connector. |
| \`lib/profileMapper.js\`, or \`data/profileMapper/custom.js\` | a custom profile mapper, if there is one |
| \`logs/connector.log\`, \`logs/connector.log.1\` and so on | the log (\`LOG_FILE\`) |
| \`console.json\`, \`console-link.json\` | the console's password and its newest one-time link, as hashes; never exported |
| \`instance-id\` | tells this connector from others with the same certificate; never copy it |

`;

export function connectorReference(): string {
  return INTRODUCTION + settingsReference(SETTINGS);
}
