/** `landbridge-hub identity show|rotate`. */
import type { Command } from 'commander';
import { type HubCommandContext, JSON_OPTION } from './context.ts';
import { createGroup } from './group.ts';

export function identityCommand(context: HubCommandContext): Command {
  const { print, note } = context;
  const identity = () => import('../keys/hub-identity.ts');
  const { group, add, addConfirmed } = createGroup(
    context,
    'identity',
    'manage the key with which this hub identifies itself to connectors',
  );

  add('show', 'print the fingerprint that tickets carry and connectors pin', async ({ store }, { json }: { json?: true }) => {
    const { loadHubIdentity } = await identity();
    const { fingerprint } = await loadHubIdentity(store);
    print(json ? JSON.stringify({ fingerprint }, null, 2) : fingerprint);
  }).option(...JSON_OPTION);
  addConfirmed(
    'rotate',
    'create a new key, signed by the current one; connectors accept it automatically',
    ({ compromised = false }: { compromised?: boolean }) =>
      compromised ? "Replace the hub's identity? Every connector refuses this hub until it gets a new ticket." : undefined,
    async ({ operator }, { compromised = false }) => {
      const { replaceHubIdentity, rotateHubIdentity } = await identity();
      print(await (compromised ? replaceHubIdentity : rotateHubIdentity)(operator));
      note(
        compromised
          ? 'Identity replaced. No connector trusts it yet: issue a new ticket for each connection, and run setup with it on each connector.'
          : 'Identity rotated. Connectors accept it when they next connect.',
      );
    },
  ).option('--compromised', 'the current key was stolen: do not let it sign the new one; every connector needs a new ticket');
  return group;
}
