/** The text of `docs/hub-configuration.md`, made from the lists of settings. */
import { settingsReference } from '@landbridge/runtime';
import { HUB_SETTINGS } from './settings.ts';
import { clientOptionFields } from './store/client-options.ts';
import { CONNECTION_FIELDS, CONNECTION_SETTINGS, connectionFields, optionOf } from './store/connection-settings.ts';

const INTRODUCTION = `# The hub's settings

<!-- Generated from the lists of settings by node tools/generate-configuration.ts. -->

The connector's settings are in [configuration.md](configuration.md).

**Set these first** if the hub is reached from other machines ([operations.md](operations.md#https) explains both ways). Everything else has
a default that works:

| setting | value |
| --- | --- |
| \`PUBLIC_URL\` | the address that users and connectors use |
| \`TLS_CERT_FILE\`, \`TLS_KEY_FILE\`, \`LISTEN_ADDRESS\` | if the hub serves HTTPS itself |
| \`TRUSTED_PROXIES\` | if a proxy in front of it does |

All files of the hub are in one folder, its home: \`--home DIR\`, else \`LANDBRIDGE_HOME\`, else in a package \`/var/lib/landbridge-hub\`
(macOS: \`/Library/Application Support/Landbridge/Hub\`), else the current folder. Only \`run\` and \`restore\` create a folder that does not exist. It holds the database
\`hub.sqlite\` (mode 0600: connections, registered certificates, hashes of tickets and keys, the hub's signing keys) the key
\`hub.key\` that encrypts the secrets in it and seals the audit log and, optionally, \`hub.json\` with settings. An environment variable with the name of a setting overrides \`hub.json\`. Booleans may also be \`1\`, \`yes\`, \`on\` and \`0\`,
\`no\`, \`off\`.

A *secret* setting may also be in a file: \`METRICS_TOKEN_FILE=/run/secrets/metrics-token\` in the environment stands for its content, without the line end.
\`NAME\` and \`NAME_FILE\` together are an error. The systemd credential \`landbridge-hub_NAME\` (\`LoadCredential=\`) applies if neither is set.
So the order is: \`NAME\` or \`NAME_FILE\` in the environment, credential, \`hub.json\`, default. Connections have [settings of their own](#connections).
`;

const CONNECTIONS = `## Connections

These settings belong to one connection. Set them on its page in the dashboard, with \`landbridge-hub connection set NAME\`, or with
\`PATCH /api/connections/NAME\` ([hub-api.md](hub-api.md#connections)). They apply at once.
`;

const APPLICATIONS = `## Applications

These options belong to one application. Set them on its page in the dashboard, with \`landbridge-hub client create\` or \`client change\`, or with
\`PATCH /api/clients/ID\` ([hub-api.md](hub-api.md#clients)). They apply at once. All are off unless chosen; an option with a warning weakens a
defence, and the warning is shown as long as it is on.
`;

export function hubReference(): string {
  return `${INTRODUCTION}\n${settingsReference(HUB_SETTINGS)}\n${CONNECTIONS}\n${connectionReference()}\n${APPLICATIONS}\n${clientReference()}`;
}

function connectionReference(): string {
  const rows = connectionFields(CONNECTION_FIELDS).map(({ name, kind, kept, description }) => {
    const option = name in CONNECTION_SETTINGS ? `\`${optionOf(name)}\`` : '`connection enable`, `connection disable`';
    const fallback = kept.parse(undefined);
    return `| \`${name}\` | ${option} | ${kind} | ${fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``} | ${description} |`;
  });
  return `| field of the API | command line | type | default | what it does |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

function clientReference(): string {
  const rows = clientOptionFields().map(
    ({ name, kind, description, warning = '' }) => `| \`${name}\` | \`${optionOf(name)}\` | ${kind} | ${description} | ${warning} |`,
  );
  return `| field of the API | command line | type | what it does | warning |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}
