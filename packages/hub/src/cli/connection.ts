/** `landbridge-hub connection create|list|show|set|enable|disable|delete`. */
import { Command, Option } from 'commander';
import { CONNECTION_SETTINGS, type ConnectionField, connectionFields, optionOf } from '../store/connection-settings.ts';
import type { HubCommandContext } from './context.ts';

export function connectionCommand({ withHome, print, note }: HubCommandContext): Command {
  const change = (name: string, changes: Record<string, unknown>) =>
    withHome(async ({ operator }) => {
      const { changeConnection } = await import('../connections/connections.ts');
      return changeConnection(operator, name, changes);
    });

  return new Command('connection')
    .description('manage connections, one for each directory')
    .addCommand(
      withSettings(new Command('create'))
        .description('create a connection and print the ticket for its connectors')
        .argument('<name>', 'letters, digits, dots, hyphens and underscores')
        .action((name: string, options: Record<string, string>) =>
          withHome(async ({ operator, publicUrl }) => {
            const [{ changeConnection, createConnection }, { readConnectionChanges }, { installCommands, ticketUrl }] = await Promise.all([
              import('../connections/connections.ts'),
              import('../connections/settings.ts'),
              import('../tickets/tickets.ts'),
            ]);
            const url = await publicUrl();
            const settings = changesOf(options);
            readConnectionChanges(settings);
            const { ticket } = await createConnection(operator, name);
            note(`Connection "${name}" created. Its ticket is a secret, because it can add a connector. It is shown only once:`);
            print(ticketUrl(url, ticket));
            note(`On the connector's machine:\n${installCommands(ticketUrl(url, ticket)).shell}`);
            if (Object.keys(settings).length > 0) await changeConnection(operator, name, settings);
          }),
        ),
    )
    .addCommand(
      new Command('list').description('list the connections').action(() =>
        withHome(async ({ store }) => {
          const connections = await store.connections();
          if (connections.length === 0) note('No connections. Create one: landbridge-hub connection create NAME');
          for (const { id, name, createdAt, enabled } of connections) {
            const certificates = (await store.certificates(id)).filter(({ state }) => state !== 'revoked');
            const off = enabled ? '' : '  disabled';
            print(`${name}  created ${createdAt.toISOString()}  registered connectors: ${certificates.length}${off}`);
          }
        }),
      ),
    )
    .addCommand(
      new Command('show')
        .description('show the settings, ticket date and keys of a connection')
        .argument('<name>')
        .action((name: string) =>
          withHome(async ({ store }) => {
            const { findConnection, realmOf } = await import('../connections/connections.ts');
            const connection = await findConnection(store, name);
            const values: Record<string, unknown> = { enabled: connection.enabled, ...connection.settings };
            print(`name: ${connection.name}`);
            for (const { name } of connectionFields()) print(`${name}: ${shown(values[name])}`);
            print(`realm: ${realmOf(connection)}`);
            print(`created: ${connection.createdAt.toISOString()}`);
            print(`ticket issued: ${connection.ticketIssuedAt?.toISOString() ?? 'no ticket'}`);
            for (const { thumbprint, state, agentVersion = '', hostName = '', registeredAt, signInEndpoint } of await store.certificates(
              connection.id,
            )) {
              print(`key: ${thumbprint}  ${state}  registered ${registeredAt.toISOString()}  ${hostName} ${agentVersion}`.trimEnd());
              if (signInEndpoint !== undefined) print(`     signs users in without a password at ${signInEndpoint}`);
            }
          }),
        ),
    )
    .addCommand(
      withSettings(new Command('set'))
        .description('change settings; the name cannot change, because tokens and tickets contain it')
        .argument('<name>')
        .action(async (name: string, options: Record<string, string>) => {
          const { settings } = await change(name, changesOf(options));
          note(`Connection "${name}" changed.`);
          if ((settings.kerberos || settings.certAuth) && settings.ipRanges.length === 0) {
            note('No IP ranges are set, so no user signs in by Kerberos or client certificate. Set --ip-ranges');
          }
        }),
    )
    .addCommand(
      new Command('enable')
        .description('enable a connection')
        .argument('<name>')
        .action(async (name: string) => {
          await change(name, { enabled: true });
          note(`Connection "${name}" enabled.`);
        }),
    )
    .addCommand(
      new Command('disable')
        .description('disable a connection: users cannot sign in, but its connectors stay connected')
        .argument('<name>')
        .action(async (name: string) => {
          await change(name, { enabled: false });
          note(`Connection "${name}" disabled.`);
        }),
    )
    .addCommand(
      new Command('delete')
        .description('delete a connection, its ticket and its registered connectors')
        .argument('<name>')
        .action((name: string) =>
          withHome(async ({ operator }) => {
            const { deleteConnection } = await import('../connections/connections.ts');
            await deleteConnection(operator, name);
            note(`Connection "${name}" deleted. A running hub disconnects its connectors within seconds.`);
          }),
        ),
    );
}

/** Adds an option for each setting. */
function withSettings(command: Command): Command {
  for (const { name, kind, description } of connectionFields(CONNECTION_SETTINGS)) {
    const flag = optionOf(name);
    if (kind === 'switch') command.addOption(new Option(`${flag} <on|off>`, description).choices(['on', 'off']));
    else command.option(`${flag} <${kind}>`, `${description}${kind === 'list' ? ' Separated by commas.' : ''}`);
  }
  return command;
}

/** @returns the given options by the names of the settings; `readConnectionChanges` checks the values */
function changesOf(options: Readonly<Record<string, string>>): Record<string, unknown> {
  const values: Record<ConnectionField['kind'], (text: string) => unknown> = {
    text: (text) => text,
    switch: (text) => text === 'on',
    list: (text) => text.split(',').filter((entry) => entry.trim() !== ''),
  };
  const given = connectionFields(CONNECTION_SETTINGS).flatMap(({ name, kind }) => {
    const text = options[name];
    return text === undefined ? [] : [[name, values[kind](text)]];
  });
  return Object.fromEntries(given);
}

function shown(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value ?? '');
}
