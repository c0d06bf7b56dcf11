/** `landbridge-hub signing-key list|rotate|retire`. */
import type { Command } from 'commander';
import { type HubCommandContext, JSON_OPTION, minute } from './context.ts';
import { createGroup } from './group.ts';

export function signingKeyCommand(context: HubCommandContext): Command {
  const { printList, note } = context;
  const rotation = () => import('../keys/rotation.ts');
  const { group, add, addConfirmed } = createGroup(
    context,
    'signing-key',
    'manage the keys with which the hub signs requests to connectors',
  );

  add('list', 'list the signing keys, newest first', async ({ store }, { json }: { json?: true }) => {
    const { listSigningKeys } = await rotation();
    const keys = await listSigningKeys(store);
    printList({
      json,
      name: 'keys',
      items: keys,
      headers: ['ID', 'ALGORITHM', 'STATE', 'CREATED', 'SIGNS FROM', 'RETIRES'],
      rows: keys.map(({ kid, algorithm, state, createdAt, signsFrom, retiresAt }) => [
        ...[kid, algorithm, state, minute(createdAt), minute(signsFrom), retiresAt === undefined ? '-' : minute(retiresAt)],
      ]),
      empty: 'No signing keys yet. The first start of the hub creates them.',
    });
  }).option(...JSON_OPTION);
  add(
    'rotate',
    'create new keys: published now, used after 20 minutes; the old ones retire after a grace period',
    async ({ operator }, { graceHours }: { graceHours?: number }) => {
      const { rotateSigningKeys } = await rotation();
      await rotateSigningKeys(operator, graceHours);
      note('New keys created: landbridge-hub signing-key list');
    },
  ).option('--grace-hours <hours>', 'grace period for connectors that do not read the JWKS document (default: 24)', Number);
  addConfirmed(
    'retire',
    'remove a compromised key immediately; another one takes over',
    (kid: string, _options: { anyway?: boolean }) =>
      `Remove the signing key ${kid} immediately? Connectors without another key must reconnect.`,
    async ({ operator }, kid, { anyway = false }) => {
      const { retireSigningKey } = await rotation();
      await retireSigningKey(operator, kid, { anyway });
      note('Key removed. A running hub applies this within seconds; connectors without another key must reconnect.');
    },
  )
    .argument('<kid>', 'ID from "signing-key list"')
    .option('--anyway', 'even if connectors have no other key: Auth0 connectors then exit and must be restarted');
  return group;
}
