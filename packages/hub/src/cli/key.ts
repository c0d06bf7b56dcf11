/** `landbridge-hub key create|change|list|revoke`. */
import { type Command, Option } from 'commander';
import type { KeyPermissions } from '../api/api-keys.ts';
import { API_SCOPE_NAMES, API_SCOPES, type ApiKey } from '../store/api-keys.ts';
import type { Connection } from '../store/connections.ts';
import { type HubCommandContext, JSON_OPTION, minute } from './context.ts';
import { createGroup } from './group.ts';

interface Options {
  name?: string;
  scope?: string[];
  connection?: string[];
  allConnections?: true;
  address?: string[];
  allAddresses?: true;
  days?: string;
  ifMissing?: true;
}

const ALL = 'all';
const collect = (value: string, before: string[] = []) => [...before, value];
const SCOPES = `\nScopes:\n${Object.entries(API_SCOPES)
  .map(([name, text]) => `  ${name.padEnd(16)}${text}`)
  .join('\n')}\n  ${ALL.padEnd(16)}all of these`;

export function keyCommand(context: HubCommandContext): Command {
  const { print, printList, note } = context;
  const { group, add, addConfirmed } = createGroup(context, 'key', 'manage the API keys of applications');

  withOptions(
    add('create', 'create an API key and print it once', async ({ operator, store }, name: string, options: Options) => {
      if (options.ifMissing && (await store.apiKeys()).some((key) => key.name === name)) return;
      const { createApiKey } = await import('../api/api-keys.ts');
      // Command-line users already have full access, and need a first key to set up the hub.
      const isForAll = options.scope === undefined && options.connection === undefined;
      const { apiKey, secret } = await createApiKey(operator, name, permissionsOf(isForAll ? { ...options, scope: [ALL] } : options));
      note(`API key ${describe(apiKey, await store.connections())}`);
      if (isForAll)
        note(
          `It has all permissions. To limit it to an application that signs users in: landbridge-hub key change ${apiKey.id} --scope sign-in`,
        );
      note('It is not shown again:');
      print(secret);
    })
      .argument('[name]', 'name of the application', 'unnamed')
      .option('--if-missing', 'do nothing and print nothing if a key of this name exists, for scripts'),
    { scope: 'all; sign-in with --connection', days: 'never' },
  );
  withOptions(
    add(
      'change',
      'change the permissions of an API key; takes effect immediately',
      async ({ operator, store }, id: string, options: Options) => {
        const { changeApiKey } = await import('../api/api-keys.ts');
        print(describe(await changeApiKey(operator, id, permissionsOf(options)), await store.connections()));
      },
    )
      .argument('<id>', 'ID from "key list"')
      .option('--name <name>', 'name of the application')
      .option('--all-connections', 'all connections, including later ones')
      .option('--all-addresses', 'from all addresses'),
  );
  add('list', 'list the API keys by ID; the keys themselves are not stored', async ({ store }, { json }: { json?: true }) => {
    const { apiKeyView } = await import('../api/views.ts');
    const keys = await Promise.all((await store.apiKeys()).map((key) => apiKeyView(store, key)));
    printList({
      json,
      name: 'apiKeys',
      items: keys,
      headers: ['ID', 'NAME', 'SCOPES', 'CONNECTIONS', 'ADDRESSES', 'EXPIRES', 'LAST USED'],
      rows: keys.map(({ id, name, scopes, connections, addresses, expiresAt, lastUsedAt, lastUsedFrom }) => [
        id,
        name,
        scopes.length === API_SCOPE_NAMES.length ? ALL : scopes.join(','),
        connections === undefined ? 'all' : connections.join(',') || 'none',
        addresses.join(',') || 'all',
        expiresAt !== undefined && expiresAt <= new Date() ? 'expired' : minute(expiresAt),
        lastUsedAt === undefined ? 'never' : `${minute(lastUsedAt)} from ${lastUsedFrom ?? 'unknown'}`,
      ]),
      empty: 'No API keys. To create one: landbridge-hub key create NAME',
    });
  }).option(...JSON_OPTION);
  addConfirmed(
    'revoke',
    'revoke an API key, effective at once',
    (id: string) => `Revoke the API key ${id}? The application that uses it loses access.`,
    async ({ operator }, id) => {
      const { revokeApiKey } = await import('../api/api-keys.ts');
      await revokeApiKey(operator, id);
      note(`API key ${id} revoked.`);
    },
  ).argument('<id>', 'ID from "key list"');
  return group;
}

function withOptions(command: Command, defaults: { scope?: string; days?: string } = {}): void {
  const standard = (value: string | undefined) => (value === undefined ? '' : ` (default: ${value})`);
  command
    .addOption(
      new Option('--scope <scope>', `what it permits; repeatable${standard(defaults.scope)}`)
        .choices([...API_SCOPE_NAMES, ALL])
        .argParser(collect),
    )
    .option('--connection <name>', `only this connection; repeatable${standard(defaults.scope && 'all connections')}`, collect)
    .option('--address <range>', `only from this address or range; repeatable${standard(defaults.scope && 'all addresses')}`, collect)
    .option('--days <days>', `days until it expires, or "never"${standard(defaults.days)}`)
    .addHelpText('after', SCOPES);
}

function permissionsOf({ name, scope, connection, allConnections, address, allAddresses, days }: Options): KeyPermissions {
  return {
    name,
    scopes: scope?.includes(ALL) ? API_SCOPE_NAMES : scope,
    connections: allConnections ? null : connection,
    addresses: allAddresses ? [] : address,
    days: days === undefined ? undefined : days === 'never' ? null : Number(days),
  };
}

function describe(key: ApiKey, connections: readonly Connection[]): string {
  const { id, name, createdAt, scopes, connectionIds, addresses, expiresAt, lastUsedAt, lastUsedFrom } = key;
  const names = connections.filter((connection) => connectionIds?.includes(connection.id)).map((connection) => connection.name);
  return [
    id,
    name,
    scopes.join(','),
    connectionIds === undefined ? 'all connections' : `connections ${names.join(',') || 'none'}`,
    addresses.length === 0 ? 'all addresses' : `from ${addresses.join(',')}`,
    `created ${createdAt.toISOString()}`,
    expiresAt === undefined ? 'no expiry' : `${expiresAt <= new Date() ? 'expired' : 'expires'} ${expiresAt.toISOString()}`,
    lastUsedAt === undefined ? 'never used' : `last used ${lastUsedAt.toISOString()} from ${lastUsedFrom ?? 'unknown'}`,
  ].join('  ');
}
