/** `landbridge-hub client create|change|list|secret|delete|rotate-keys`. */
import { type Command, Option } from 'commander';
import type { ClientChanges } from '../oidc/clients.ts';
import { type ClientOptionChanges, clientOptionFields, clientWarnings } from '../store/client-options.ts';
import { optionOf } from '../store/connection-settings.ts';
import { type HubCommandContext, JSON_OPTION } from './context.ts';
import { createGroup } from './group.ts';

interface ChangeOptions {
  name?: string;
  redirectUri?: string[];
  postLogoutRedirectUri?: string[];
  connection?: string[];
  allConnections?: true;
  scope?: string[];
  refreshTokens?: boolean;
  idTokenAlgorithm?: 'RS256' | 'ES256';
  /** The options from the table. */
  [option: string]: unknown;
}

interface CreateOptions extends ChangeOptions {
  public?: true;
}

const collect = (value: string, before: string[] = []) => [...before, value];
const SCOPE_TEXT = 'profile, email or groups: the user data it may see; repeatable';

export function clientCommand(context: HubCommandContext): Command {
  const { print, printList, note } = context;
  const { group, add, addConfirmed } = createGroup(context, 'client', 'manage clients: applications that use OpenID Connect');

  const create = add(
    'create',
    'register an application; prints its client ID and, once only, its secret',
    async ({ operator, publicUrl }, name: string, options: CreateOptions) => {
      const { createClient } = await import('../oidc/clients.ts');
      const { redirectUri: redirectUris = [], public: isPublic } = options;
      const desired = { ...changesOf(options), name, redirectUris, public: isPublic };
      const { client, secret } = await createClient(operator, desired);
      note(`Client "${name}" registered.${secret === undefined ? '' : ' Its secret is not shown again.'}`);
      print(`issuer         ${await publicUrl()}/oidc`);
      print(`client_id      ${client.id}`);
      if (secret !== undefined) print(`client_secret  ${secret}`);
      for (const warning of clientWarnings(client.options)) note(`Warning: ${warning}`);
    },
  )
    .argument('<name>', 'name on the login page')
    .option('--redirect-uri <url>', 'redirect URI: https, http on this machine, or com.example.app:/path; repeatable', collect)
    .option('--post-logout-redirect-uri <url>', 'redirect URI after signing out; repeatable', collect)
    .option('--public', 'the application cannot keep a secret, because it runs in a browser or on a device')
    .option('--connection <name>', 'connection whose users may sign in; repeatable (default: all connections)', collect)
    .option('--scope <scope>', `${SCOPE_TEXT} (default: profile and email)`, collect)
    .option('--refresh-tokens', 'issue refresh tokens')
    .addOption(algorithmOption());
  addOptions(create);
  const change = add(
    'change',
    'change an application; takes effect immediately',
    async ({ operator }, id: string, options: ChangeOptions) => {
      const { changeClient } = await import('../oidc/clients.ts');
      const { name, options: chosen } = await changeClient(operator, id, changesOf(options));
      note(`Client "${name}" changed.`);
      for (const warning of clientWarnings(chosen)) note(`Warning: ${warning}`);
    },
  )
    .argument('<client-id>')
    .option('--name <name>', 'name on the login page')
    .option('--redirect-uri <url>', 'replaces the redirect URIs; repeatable', collect)
    .option('--post-logout-redirect-uri <url>', 'replaces the redirect URIs after signing out; repeatable', collect)
    .option('--connection <name>', 'replaces the connections whose users may sign in; repeatable', collect)
    .option('--all-connections', 'users of all connections may sign in')
    .option('--scope <scope>', `replaces the scopes: ${SCOPE_TEXT}`, collect)
    .option('--refresh-tokens', 'issue refresh tokens')
    .option('--no-refresh-tokens', 'issue no refresh tokens')
    .addOption(algorithmOption());
  addOptions(change);
  add('list', 'list the clients', async ({ store }, { json }: { json?: true }) => {
    const { clientView } = await import('../api/views.ts');
    const clients = await Promise.all((await store.oidcClients()).map((client) => clientView(store, client)));
    printList({
      json,
      name: 'clients',
      items: clients,
      headers: ['ID', 'NAME', 'TYPE', 'SCOPES', 'REDIRECT URIS'],
      rows: clients.map((client) => [
        client.id,
        client.name,
        client.public ? 'public' : 'confidential',
        client.scopes.join(','),
        client.redirectUris.join(' '),
      ]),
      empty: 'No clients. To create one: landbridge-hub client create NAME --redirect-uri URL',
    });
    if (!json) for (const { name, warnings } of clients) for (const warning of warnings) note(`Warning: ${name}: ${warning}`);
  }).option(...JSON_OPTION);
  addConfirmed(
    'secret',
    'replace the secret and print the new one, once only',
    (id: string) => `Replace the secret of the client ${id}? The application cannot sign users in until it has the new one.`,
    async ({ operator }, id) => {
      const { rotateClientSecret } = await import('../oidc/clients.ts');
      print(await rotateClientSecret(operator, id));
    },
  ).argument('<client-id>');
  addConfirmed(
    'delete',
    'delete a client and revoke its tokens',
    (id: string) => `Delete the client ${id}? Users can no longer sign in to it, and its tokens become invalid.`,
    async ({ operator }, id) => {
      const { deleteClient } = await import('../oidc/clients.ts');
      await deleteClient(operator, id);
      note(`Client ${id} deleted.`);
    },
  ).argument('<client-id>');
  add('rotate-keys', 'create new keys for ID tokens and cookies; the old ones stay published for 30 days', async ({ operator }) => {
    const { rotateProviderKeys } = await import('../oidc/keys.ts');
    await rotateProviderKeys(operator);
    note('New keys created. A running hub uses them within a minute.');
  });
  return group;
}

function changesOf(options: ChangeOptions): ClientChanges {
  const { name, redirectUri: redirectUris, postLogoutRedirectUri: postLogoutRedirectUris, connection, scope: scopes } = options;
  const connections = options.allConnections ? null : connection;
  return {
    name,
    redirectUris,
    postLogoutRedirectUris,
    connections,
    scopes,
    refreshTokens: options.refreshTokens,
    idTokenAlgorithm: options.idTokenAlgorithm,
    ...chosenOptions(options),
  };
}

function algorithmOption(): Option {
  return new Option('--id-token-algorithm <alg>', 'signature algorithm of ID tokens').choices(['RS256', 'ES256']);
}

/** Adds a command-line option for each entry of the table. */
function addOptions(command: Command): void {
  for (const { name, kind, description } of clientOptionFields()) {
    const flag = optionOf(name);
    if (kind === 'switch') command.addOption(new Option(`${flag} <on|off>`, description).choices(['on', 'off']));
    else command.option(`${flag} <${kind}>`, `${description}${kind === 'list' ? ' Separated by commas.' : ''}`);
  }
}

/** @returns the given options by name. `changeClient` validates the values. */
function chosenOptions(options: Readonly<Record<string, unknown>>): ClientOptionChanges {
  const given = clientOptionFields().flatMap(({ name, kind }) => {
    const text = options[name];
    if (typeof text !== 'string') return [];
    const values = { switch: text === 'on', text, list: text.split(',').filter((entry) => entry !== '') };
    return [[name, values[kind]]];
  });
  return Object.fromEntries(given);
}
