/** `landbridge-hub connection create|list|show|set|enable|disable|delete`. */
import { Command, Option } from 'commander';
import type { Operator } from '../operator.ts';
import type { Surroundings } from './program.ts';

interface SetOptions {
  displayName?: string;
  kerberos?: string;
  certAuth?: string;
  ipRanges?: string;
  credentialCache?: string;
  emailDomains?: string;
  approveConnectors?: string;
}

export function connectionCommand({ withHome, print, note }: Surroundings): Command {
  const change = (name: string, changes: Record<string, unknown>) =>
    withHome(async ({ store }) => {
      const [{ changeConnection }, operator] = await Promise.all([import('../connections/connections.ts'), operatorOn(store)]);
      return changeConnection(operator, name, changes);
    });

  return new Command('connection')
    .description('connections: one for each directory')
    .addCommand(
      new Command('create')
        .description('make a connection and print the ticket for its connectors')
        .argument('<name>', 'letters, digits, dots, hyphens and underscores')
        .action((name: string) =>
          withHome(async ({ store, publicUrl }) => {
            const [{ createConnection }, { installCommands, ticketUrl }, operator] = await Promise.all([
              import('../connections/connections.ts'),
              import('../tickets/tickets.ts'),
              operatorOn(store),
            ]);
            const url = await publicUrl();
            const { ticket } = await createConnection(operator, name);
            note(`Connection "${name}" is there. Its ticket, shown only now (a secret: who has it can add a connector):`);
            print(ticketUrl(url, ticket));
            note(`On the machine beside the directory:\n${installCommands(ticketUrl(url, ticket)).shell}`);
          }),
        ),
    )
    .addCommand(
      new Command('list').description('list the connections').action(() =>
        withHome(async ({ store }) => {
          const connections = await store.connections();
          if (connections.length === 0) note('There are no connections. Make one: landbridge-hub connection create NAME');
          for (const { id, name, createdAt, enabled } of connections) {
            const certificates = (await store.certificates(id)).filter(({ state }) => state !== 'revoked');
            const off = enabled ? '' : '  switched off';
            print(`${name}  created ${createdAt.toISOString()}  registered connectors: ${certificates.length}${off}`);
          }
        }),
      ),
    )
    .addCommand(
      new Command('show')
        .description('show a connection: its settings, its ticket’s age, its keys')
        .argument('<name>')
        .action((name: string) =>
          withHome(async ({ store }) => {
            const { findConnection, realmOf } = await import('../connections/connections.ts');
            const connection = await findConnection(store, name);
            const { displayName = '', ipRanges, emailDomains, ...switches } = connection.settings;
            print(`name: ${connection.name}`);
            print(`displayName: ${displayName}`);
            print(`enabled: ${connection.enabled}`);
            for (const [setting, value] of Object.entries(switches)) print(`${setting}: ${value}`);
            print(`ipRanges: ${ipRanges.join(', ')}`);
            print(`emailDomains: ${emailDomains.join(', ')}`);
            print(`realm: ${realmOf(connection)}`);
            print(`created: ${connection.createdAt.toISOString()}`);
            print(`ticket issued: ${connection.ticketIssuedAt?.toISOString() ?? 'unknown, or none'}`);
            for (const { thumbprint, state, agentVersion = '', hostName = '', registeredAt, signInEndpoint } of await store.certificates(
              connection.id,
            )) {
              print(`key: ${thumbprint}  ${state}  registered ${registeredAt.toISOString()}  ${hostName} ${agentVersion}`.trimEnd());
              if (signInEndpoint !== undefined) print(`     signs people in without a password at ${signInEndpoint}`);
            }
          }),
        ),
    )
    .addCommand(
      new Command('set')
        .description('change settings; the name stays, since tokens and tickets carry it')
        .argument('<name>')
        .option('--display-name <text>', 'what people read on the login page; empty: the name')
        .addOption(onOff('--kerberos', 'sign-in by Kerberos for people within the IP ranges'))
        .addOption(onOff('--cert-auth', 'sign-in by client certificate for people within the IP ranges'))
        .option('--ip-ranges <list>', 'such as 10.0.0.0/8,2001:db8::/32; empty: none')
        .addOption(onOff('--credential-cache', 'the last good sign-in counts while no connector and no directory answers'))
        .option('--email-domains <list>', 'such as fabrikam.com,fabrikam.de: their people are led here; empty: none')
        .addOption(onOff('--approve-connectors', 'an operator approves each new key before its connector is asked'))
        .action(async (name: string, options: SetOptions) => {
          const { settings } = await change(name, changesOf(options));
          note(`Connection "${name}" is changed.`);
          if ((settings.kerberos || settings.certAuth) && settings.ipRanges.length === 0) {
            note('No IP ranges are set, so nobody is sent to Kerberos or client certificates: --ip-ranges');
          }
        }),
    )
    .addCommand(
      new Command('enable')
        .description('switch a connection on')
        .argument('<name>')
        .action(async (name: string) => {
          await change(name, { enabled: true });
          note(`Connection "${name}" is switched on.`);
        }),
    )
    .addCommand(
      new Command('disable')
        .description('switch a connection off: its connectors stay connected, and nobody signs in')
        .argument('<name>')
        .action(async (name: string) => {
          await change(name, { enabled: false });
          note(`Connection "${name}" is switched off.`);
        }),
    )
    .addCommand(
      new Command('delete')
        .description('delete a connection, its ticket and its registered connectors')
        .argument('<name>')
        .action((name: string) =>
          withHome(async ({ store }) => {
            const [{ deleteConnection }, operator] = await Promise.all([import('../connections/connections.ts'), operatorOn(store)]);
            await deleteConnection(operator, name);
            note(`Connection "${name}" is deleted. A running hub drops its connectors within seconds.`);
          }),
        ),
    );
}

async function operatorOn(store: Operator['store']): Promise<Operator> {
  const { commandLineOperator } = await import('./operator.ts');
  return commandLineOperator(store);
}

function onOff(flag: string, description: string): Option {
  return new Option(`${flag} <on|off>`, description).choices(['on', 'off']);
}

/** What was given, under the names of the settings; `readConnectionChanges` judges the values. */
function changesOf(options: SetOptions): Record<string, unknown> {
  const list = (text: string | undefined) => text?.split(',').filter((entry) => entry.trim() !== '');
  const bit = (text: string | undefined) => (text === undefined ? undefined : text === 'on');
  const changes = {
    displayName: options.displayName,
    kerberos: bit(options.kerberos),
    certAuth: bit(options.certAuth),
    ipRanges: list(options.ipRanges),
    credentialCache: bit(options.credentialCache),
    emailDomains: list(options.emailDomains),
    approveConnectors: bit(options.approveConnectors),
  };
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}
