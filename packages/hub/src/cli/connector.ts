/** `landbridge-hub connector list|add|label|approve|confirm-change|dismiss-change|drain|resume|revoke`. */
import type { Command } from 'commander';
import { type HubCommandContext, JSON_OPTION, minute } from './context.ts';
import { createGroup } from './group.ts';

const SOON = 'A running hub applies this within seconds.';

export function connectorCommand(context: HubCommandContext): Command {
  const { print, printList, note } = context;
  const actions = () => import('../connectors/operator-actions.ts');
  const INSTANCE = 'ID from "connector list"';
  const INSTANCE_OR_KEY = 'ID from "connector list", or key thumbprint from "connection show"';
  const { group, add, addConfirmed } = createGroup(
    context,
    'connector',
    'manage connectors: instances that have proved possession of a registered key',
  );

  add(
    'list',
    'list the connectors of a connection; the dashboard and the API also show which are online',
    async ({ store }, name: string, { json }: { json?: true }) => {
      const { findConnection } = await import('../connections/connections.ts');
      const { stateSetByOperator } = await import('../connectors/instances.ts');
      const connection = await findConnection(store, name);
      const [instances, certificates] = await Promise.all([store.instances(connection.id), store.certificates(connection.id)]);
      const connected = instances.map((instance) => {
        const { id, label, hostName, version, remoteAddress, thumbprint, drained, firstSeenAt, lastSeenAt } = instance;
        const state = stateSetByOperator(instance, certificates) ?? (drained ? 'drained' : 'accepted');
        return { id, state, label, hostName, version, remoteAddress, thumbprint, drained, firstSeenAt, lastSeenAt };
      });
      const seen = new Set(instances.map(({ thumbprint }) => thumbprint));
      const pending = certificates
        .filter(({ state, thumbprint }) => state === 'pending' && !seen.has(thumbprint))
        .map(({ thumbprint, state, hostName, agentVersion }) => ({ id: thumbprint, state, hostName, version: agentVersion, thumbprint }));
      printList({
        json,
        name: 'connectors',
        items: [...connected, ...pending],
        headers: ['ID', 'STATE', 'HOST', 'VERSION', 'ADDRESS', 'LAST SEEN', 'LABEL', 'KEY'],
        rows: [
          ...connected.map(({ id, state, hostName = '-', version = '-', remoteAddress, lastSeenAt, label, thumbprint }) => [
            ...[id, state, hostName, version, remoteAddress, minute(lastSeenAt), label, thumbprint],
          ]),
          ...pending.map(({ id, state, hostName = '-', version = '-' }) => [id, state, hostName, version, 'not connected yet']),
        ],
        empty: `No connector has connected to "${name}" yet.`,
      });
    },
  )
    .argument('<connection>')
    .option(...JSON_OPTION);
  add('add', 'issue a ticket that enrols one more connector', async ({ operator, publicUrl, settings }, connection: string) => {
    const { installCommands, issueTicket, ticketUrl, ticketWarning } = await import('../tickets/tickets.ts');
    const url = ticketUrl(await publicUrl(), await issueTicket(operator, connection));
    note(
      `Ticket for one connector of "${connection}", valid for ${settings.ENROLMENT_HOURS} hours. It is a secret and is shown only once:`,
    );
    print(url);
    note(`On the connector's machine:\n${installCommands(url).shell}`);
    const warning = ticketWarning(url);
    if (warning !== undefined) note(warning);
  }).argument('<connection>');
  add(
    'label',
    'give a connector a label for lists; without one, remove it',
    async ({ operator }, connection: string, id: string, label: string = '') => {
      const { labelConnector } = await actions();
      await labelConnector(operator, connection, id, label);
      note(label === '' ? 'Label removed.' : 'Label saved.');
    },
  )
    .argument('<connection>')
    .argument('<id>', INSTANCE)
    .argument('[label]');
  for (const [command, description, done] of [
    ['confirm-change', 'accept the new sign-in address of a connector', 'Confirmed: browsers are redirected there from now on.'],
    ['dismiss-change', 'refuse the new sign-in address of a connector', 'Dismissed: nothing has changed.'],
  ] as const) {
    add(command, description, async ({ operator }, connection: string, id: string, endpoint: string) => {
      const { decideEndpoint } = await actions();
      await decideEndpoint(operator, connection, id, { endpoint, confirmed: command === 'confirm-change' });
      note(done);
    })
      .argument('<connection>')
      .argument('<id>', INSTANCE_OR_KEY)
      .argument('<address>', 'as "connection show" prints it');
  }
  add('approve', 'approve a pending key', async ({ operator }, connection: string, id: string) => {
    const { approveConnector } = await actions();
    await approveConnector(operator, connection, id);
    note('Approved. The connector is accepted when it reconnects, within a minute.');
  })
    .argument('<connection>')
    .argument('<id>', INSTANCE_OR_KEY);
  add('drain', 'stop sending new requests to a connector until it is resumed', async ({ operator }, connection: string, id: string) => {
    const { drainConnector } = await actions();
    await drainConnector(operator, connection, id, 'drain');
    note(`Drained: the connector finishes its current requests. ${SOON}`);
  })
    .argument('<connection>')
    .argument('<id>', INSTANCE);
  add('resume', 'resume a drained connector', async ({ operator }, connection: string, id: string) => {
    const { drainConnector } = await actions();
    await drainConnector(operator, connection, id, 'resume');
    note(`Resumed. ${SOON}`);
  })
    .argument('<connection>')
    .argument('<id>', INSTANCE);
  addConfirmed(
    'revoke',
    'reject a connector permanently',
    (connection: string, id: string, { key = false }: { key?: boolean }) =>
      `Revoke ${key ? 'the key of ' : ''}the connector ${id} of "${connection}"? This cannot be undone.`,
    async ({ operator }, connection, id, { key = false }) => {
      const { revokeInstance, revokeKey } = await actions();
      await (key ? revokeKey : revokeInstance)(operator, connection, id);
      note(`${key ? 'Key revoked permanently.' : 'Connector revoked.'} ${SOON}`);
      if (key) note(`If the key was stolen, so was the ticket: landbridge-hub ticket renew ${connection}`);
      else note('If the connector is compromised, revoke its key too (--key): it could reconnect under a new ID.');
    },
  )
    .argument('<connection>')
    .argument('<id>', INSTANCE_OR_KEY)
    .option('--key', 'reject its key, and with it every connector that shares it');
  return group;
}
