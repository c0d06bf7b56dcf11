/** `landbridge-hub connector list|approve|drain|resume|revoke`. */
import { Command } from 'commander';
import type { Surroundings } from './program.ts';

const SOON = 'A running hub takes it up within seconds.';

export function connectorCommand({ withHome, print, note }: Surroundings): Command {
  const decisions = () => Promise.all([import('../connectors/operator-actions.ts'), import('./operator.ts')]);
  const command = (name: string, description: string, id: string) =>
    new Command(name).description(description).argument('<connection>').argument('<id>', id);
  const INSTANCE = 'as in "connector list"';
  const INSTANCE_OR_KEY = 'as in "connector list", or the thumbprint of a key as in "connection show"';

  return new Command('connector')
    .description('connectors: the instances that have proved to have a registered key')
    .addCommand(
      new Command('list')
        .description('list the connectors of a connection; who is online now, and how each does, is in the API and on the dashboard')
        .argument('<connection>')
        .action((name: string) =>
          withHome(async ({ store }) => {
            const [{ findConnection }, { stateSetByOperator }] = await Promise.all([
              import('../connections/connections.ts'),
              import('../connectors/instances.ts'),
            ]);
            const connection = await findConnection(store, name);
            const [instances, certificates] = await Promise.all([store.instances(connection.id), store.certificates(connection.id)]);
            if (instances.length === 0) note(`No connector has come to "${name}" yet.`);
            for (const instance of instances) {
              const { id, hostName = '-', version = '-', remoteAddress, lastSeenAt, thumbprint, drained } = instance;
              const state = stateSetByOperator(instance, certificates) ?? (drained ? 'drained' : 'accepted');
              print(`${id}  ${state}  ${hostName}  ${version}  ${remoteAddress}  seen ${lastSeenAt.toISOString()}  key ${thumbprint}`);
            }
            const seen = new Set(instances.map(({ thumbprint }) => thumbprint));
            for (const { thumbprint, hostName = '-', agentVersion = '-' } of certificates.filter(({ state }) => state === 'pending')) {
              if (!seen.has(thumbprint)) print(`${thumbprint}  pending  ${hostName}  ${agentVersion}  registered, has not connected yet`);
            }
          }),
        ),
    )
    .addCommand(
      command('approve', 'accept a key that waits for approval', INSTANCE_OR_KEY).action((connection: string, id: string) =>
        withHome(async ({ store }) => {
          const [{ approveConnector }, { commandLineOperator }] = await decisions();
          await approveConnector(commandLineOperator(store), connection, id);
          note('Approved. The connector is accepted when it comes again: within a minute.');
        }),
      ),
    )
    .addCommand(
      command('drain', 'send a connector nothing new, until it is resumed', INSTANCE).action((connection: string, id: string) =>
        withHome(async ({ store }) => {
          const [{ drainConnector }, { commandLineOperator }] = await decisions();
          await drainConnector(commandLineOperator(store), connection, id, 'drain');
          note(`Drained: it finishes what it has. ${SOON}`);
        }),
      ),
    )
    .addCommand(
      command('resume', 'let a drained connector work again', INSTANCE).action((connection: string, id: string) =>
        withHome(async ({ store }) => {
          const [{ drainConnector }, { commandLineOperator }] = await decisions();
          await drainConnector(commandLineOperator(store), connection, id, 'resume');
          note(`It is sent requests again. ${SOON}`);
        }),
      ),
    )
    .addCommand(
      command('revoke', 'refuse a connector from now on', INSTANCE_OR_KEY)
        .option('--key', 'refuse its key, and with it every connector that shares it; for ever')
        .action((connection: string, id: string, { key = false }: { key?: boolean }) =>
          withHome(async ({ store }) => {
            const [{ revokeInstance, revokeKey }, { commandLineOperator }] = await decisions();
            await (key ? revokeKey : revokeInstance)(commandLineOperator(store), connection, id);
            note(key ? `Its key is revoked for ever. ${SOON}` : `It is revoked. ${SOON}`);
            note(
              key
                ? `Who had the key had the ticket too: landbridge-hub ticket renew ${connection}`
                : 'If it may be in strange hands, this is not enough, since it still has an accepted key: revoke with --key.',
            );
          }),
        ),
    );
}
