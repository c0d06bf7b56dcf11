/** `landbridge-hub connection create|list|delete`. */
import { Command } from 'commander';
import type { Surroundings } from './program.ts';

export function connectionCommand({ withHome, print, note }: Surroundings): Command {
  return new Command('connection')
    .description('connections: one for each directory')
    .addCommand(
      new Command('create')
        .description('make a connection and print the ticket for its connectors')
        .argument('<name>', 'letters, digits, dots, hyphens and underscores')
        .action((name: string) =>
          withHome(async ({ store, publicUrl }) => {
            const [{ createConnection }, { ticketUrl }] = await Promise.all([
              import('../connections/connections.ts'),
              import('../tickets/tickets.ts'),
            ]);
            const url = await publicUrl();
            const { ticket } = await createConnection(store, name);
            note(`Connection "${name}" is there. Its ticket, shown only now (a secret: who has it can add a connector):`);
            print(ticketUrl(url, ticket));
          }),
        ),
    )
    .addCommand(
      new Command('list').description('list the connections').action(() =>
        withHome(async ({ store }) => {
          const connections = await store.connections();
          if (connections.length === 0) note('There are no connections. Make one: landbridge-hub connection create NAME');
          for (const { id, name, createdAt } of connections) {
            const certificates = await store.certificates(id);
            print(`${name}  created ${createdAt.toISOString()}  registered connectors: ${certificates.length}`);
          }
        }),
      ),
    )
    .addCommand(
      new Command('delete')
        .description('delete a connection, its ticket and its registered connectors')
        .argument('<name>')
        .action((name: string) =>
          withHome(async ({ store }) => {
            const { deleteConnection } = await import('../connections/connections.ts');
            await deleteConnection(store, name);
            note(`Connection "${name}" is deleted. A running hub drops its connectors within seconds.`);
          }),
        ),
    );
}
