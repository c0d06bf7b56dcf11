/** `landbridge-hub connection create|list|show|set|enable|disable|delete`. */
import { type Command, Option } from 'commander';
import { CONNECTION_SETTINGS, type ConnectionField, connectionFields, optionOf } from '../store/connection-settings.ts';
import { type HubCommandContext, JSON_OPTION, minute } from './context.ts';
import { createGroup } from './group.ts';

export function connectionCommand(context: HubCommandContext): Command {
  const { print, printList, note } = context;
  const connections = () => import('../connections/connections.ts');
  const { group, add, addConfirmed } = createGroup(context, 'connection', 'manage connections, one for each directory');

  const create = add(
    'create',
    'create a connection and print the ticket for its connectors',
    async ({ operator, publicUrl }, name: string, { ifMissing, ...options }: Record<string, string>) => {
      if (ifMissing && (await operator.store.connections()).some((connection) => connection.name === name)) return;
      const [
        { changeConnection, createConnection, requireFreeDomains },
        { readConnectionChanges },
        { installCommands, issueTicket, ticketUrl, ticketWarning },
      ] = await Promise.all([connections(), import('../connections/settings.ts'), import('../tickets/tickets.ts')]);
      const url = await publicUrl();
      const settings = changesOf(options);
      await requireFreeDomains(operator.store, readConnectionChanges(settings));
      await createConnection(operator, name);
      const ticket = await issueTicket(operator, name);
      note(`Connection "${name}" created. Its ticket is a secret, because it can add a connector. It is shown only once:`);
      print(ticketUrl(url, ticket));
      note(`On the connector's machine:\n${installCommands(ticketUrl(url, ticket)).shell}`);
      const warning = ticketWarning(url);
      if (warning !== undefined) note(warning);
      if (Object.keys(settings).length > 0) await changeConnection(operator, name, settings);
    },
  )
    .argument('<name>', 'letters, digits, dots, hyphens and underscores')
    .option('--if-missing', 'do nothing and print nothing if it exists, for scripts');
  addSettings(create);
  add('list', 'list the connections', async ({ store, settings }, { json }: { json?: true }) => {
    const { connectionView } = await import('../api/views.ts');
    const all = await Promise.all((await store.connections()).map((each) => connectionView(store, settings.ENROLMENT_HOURS, each)));
    printList({
      json,
      name: 'connections',
      items: all,
      headers: ['NAME', 'STATE', 'CONNECTORS', 'CREATED'],
      rows: all.map(({ name, enabled, certificates, createdAt }) => [
        name,
        enabled ? 'enabled' : 'disabled',
        String(certificates.filter(({ state }) => state !== 'revoked').length),
        minute(createdAt),
      ]),
      empty: 'No connections. Create one: landbridge-hub connection create NAME',
    });
  }).option(...JSON_OPTION);
  add(
    'show',
    'show the settings, ticket date and keys of a connection',
    async ({ store, settings }, name: string, { json }: { json?: true }) => {
      const [{ findConnection, realmOf }, { newestTicket }] = await Promise.all([connections(), import('../tickets/tickets.ts')]);
      const connection = await findConnection(store, name);
      if (json) {
        const { connectionView } = await import('../api/views.ts');
        print(JSON.stringify({ connection: await connectionView(store, settings.ENROLMENT_HOURS, connection) }, null, 2));
        return;
      }
      const values: Record<string, unknown> = { enabled: connection.enabled, ...connection.settings };
      print(`name: ${connection.name}`);
      for (const { name } of connectionFields()) print(`${name}: ${shown(values[name])}`);
      print(`realm: ${realmOf(connection)}`);
      print(`created: ${connection.createdAt.toISOString()}`);
      const ticket = await newestTicket(store, connection, settings.ENROLMENT_HOURS);
      print(`newest ticket: ${ticket === undefined ? 'none' : `issued ${ticket.issuedAt.toISOString()}, ${ticket.state}`}`);
      const certificates = await store.certificates(connection.id);
      for (const { thumbprint, state, agentVersion = '', hostName = '', registeredAt, signInEndpoint, requestedEndpoint } of certificates) {
        print(`key: ${thumbprint}  ${state}  registered ${registeredAt.toISOString()}  ${hostName} ${agentVersion}`.trimEnd());
        if (signInEndpoint !== undefined) print(`     signs users in without a password at ${signInEndpoint}`);
        if (requestedEndpoint !== undefined)
          print(
            `     registered another address without proof: landbridge-hub connector confirm-change ${name} ${thumbprint} ${requestedEndpoint}`,
          );
      }
    },
  )
    .argument('<name>')
    .option(...JSON_OPTION);
  const set = add(
    'set',
    'change settings; the name cannot change, because tokens and tickets contain it',
    async ({ operator }, name: string, options: Record<string, string>) => {
      const { changeConnection } = await connections();
      const { settings } = await changeConnection(operator, name, changesOf(options));
      note(`Connection "${name}" changed.`);
      if ((settings.kerberos || settings.certAuth) && settings.ipRanges.length === 0) {
        note('No IP ranges are set, so no user signs in by Kerberos or client certificate. Set --ip-ranges');
      }
    },
  ).argument('<name>');
  addSettings(set);
  add('enable', 'enable a connection', async ({ operator }, name: string) => {
    const { changeConnection } = await connections();
    await changeConnection(operator, name, { enabled: true });
    note(`Connection "${name}" enabled.`);
  }).argument('<name>');
  addConfirmed(
    'disable',
    'disable a connection: users cannot sign in, but its connectors stay connected',
    (name: string) => `Disable "${name}"? Its users can no longer sign in.`,
    async ({ operator }, name) => {
      const { changeConnection } = await connections();
      await changeConnection(operator, name, { enabled: false });
      note(`Connection "${name}" disabled.`);
    },
  ).argument('<name>');
  addConfirmed(
    'delete',
    'delete a connection, its ticket and its registered connectors',
    (name: string) => `Delete "${name}" with its tickets and connectors? Its users can no longer sign in, and this cannot be undone.`,
    async ({ operator }, name) => {
      const { deleteConnection } = await connections();
      await deleteConnection(operator, name);
      note(`Connection "${name}" deleted. A running hub disconnects its connectors within seconds.`);
    },
  ).argument('<name>');
  return group;
}

/** Adds an option for each setting. */
function addSettings(command: Command): void {
  for (const { name, kind, description } of connectionFields(CONNECTION_SETTINGS)) {
    const flag = optionOf(name);
    if (kind === 'switch') command.addOption(new Option(`${flag} <on|off>`, description).choices(['on', 'off']));
    else command.option(`${flag} <${kind}>`, `${description}${kind === 'list' ? ' Separated by commas.' : ''}`);
  }
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
