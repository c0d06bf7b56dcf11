/** `landbridge-hub connector list|approve|drain|resume|revoke`. */
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

const SOON = 'A running hub applies this within seconds.';

export function connectorCommand({ withHome, print, note }: HubCommandContext): Command {
  const actions = () => import('../connectors/operator-actions.ts');
  const command = (name: string, description: string, id: string) =>
    new Command(name).description(description).argument('<connection>').argument('<id>', id);
  const INSTANCE = 'ID from "connector list"';
  const INSTANCE_OR_KEY = 'ID from "connector list", or key thumbprint from "connection show"';

  return new Command('connector')
    .description('manage connectors: instances that have proved possession of a registered key')
    .addCommand(
      new Command('list')
        .description('list the connectors of a connection; the dashboard and the API also show which are online')
        .argument('<connection>')
        .action((name: string) =>
          withHome(async ({ store }) => {
            const [{ findConnection }, { stateSetByOperator }] = await Promise.all([
              import('../connections/connections.ts'),
              import('../connectors/instances.ts'),
            ]);
            const connection = await findConnection(store, name);
            const [instances, certificates] = await Promise.all([store.instances(connection.id), store.certificates(connection.id)]);
            if (instances.length === 0) note(`No connector has connected to "${name}" yet.`);
            for (const instance of instances) {
              const { id, hostName = '-', version = '-', remoteAddress, lastSeenAt, thumbprint, drained } = instance;
              const state = stateSetByOperator(instance, certificates) ?? (drained ? 'drained' : 'accepted');
              print(`${id}  ${state}  ${hostName}  ${version}  ${remoteAddress}  seen ${lastSeenAt.toISOString()}  key ${thumbprint}`);
            }
            const seen = new Set(instances.map(({ thumbprint }) => thumbprint));
            for (const { thumbprint, hostName = '-', agentVersion = '-' } of certificates.filter(({ state }) => state === 'pending')) {
              if (!seen.has(thumbprint)) print(`${thumbprint}  pending  ${hostName}  ${agentVersion}  registered, not connected yet`);
            }
          }),
        ),
    )
    .addCommand(
      command('approve', 'approve a pending key', INSTANCE_OR_KEY).action((connection: string, id: string) =>
        withHome(async ({ operator }) => {
          const { approveConnector } = await actions();
          await approveConnector(operator, connection, id);
          note('Approved. The connector is accepted when it reconnects, within a minute.');
        }),
      ),
    )
    .addCommand(
      command('drain', 'stop sending new requests to a connector until it is resumed', INSTANCE).action((connection: string, id: string) =>
        withHome(async ({ operator }) => {
          const { drainConnector } = await actions();
          await drainConnector(operator, connection, id, 'drain');
          note(`Drained: the connector finishes its current requests. ${SOON}`);
        }),
      ),
    )
    .addCommand(
      command('resume', 'resume a drained connector', INSTANCE).action((connection: string, id: string) =>
        withHome(async ({ operator }) => {
          const { drainConnector } = await actions();
          await drainConnector(operator, connection, id, 'resume');
          note(`Resumed. ${SOON}`);
        }),
      ),
    )
    .addCommand(
      command('revoke', 'reject a connector permanently', INSTANCE_OR_KEY)
        .option('--key', 'reject its key, and with it every connector that shares it')
        .action((connection: string, id: string, { key = false }: { key?: boolean }) =>
          withHome(async ({ operator }) => {
            const { revokeInstance, revokeKey } = await actions();
            await (key ? revokeKey : revokeInstance)(operator, connection, id);
            note(key ? `Key revoked permanently. ${SOON}` : `Connector revoked. ${SOON}`);
            note(
              key
                ? `If the key was stolen, so was the ticket: landbridge-hub ticket renew ${connection}`
                : 'If the connector is compromised, revoke its key too (--key): it could reconnect under a new ID.',
            );
          }),
        ),
    );
}
