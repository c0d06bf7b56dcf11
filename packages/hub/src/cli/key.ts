/** `landbridge-hub key create|list|revoke`. */
import type { Command } from 'commander';
import type { HubCommandContext } from './context.ts';
import { createGroup } from './group.ts';

export function keyCommand(context: HubCommandContext): Command {
  const { print, note } = context;
  const { group, add } = createGroup(context, 'key', 'manage the API keys of applications');

  add(
    'create',
    'create an API key and print it, once only',
    async ({ operator }, name: string, { signInOnly = false }: { signInOnly?: boolean }) => {
      const { createApiKey } = await import('../api/api-keys.ts');
      const { apiKey, secret } = await createApiKey(operator, name, signInOnly ? 'sign-in' : 'operate');
      note(`API key ${apiKey.id} created. It is not shown again:`);
      print(secret);
    },
  )
    .argument('[name]', 'name of the application', 'unnamed')
    .option('--sign-in-only', 'allow only sign-in, search and password change, and no administration');
  add('list', 'list the API keys by ID; the keys themselves are not stored', async ({ store }) => {
    const keys = await store.apiKeys();
    if (keys.length === 0) note('No API keys. To create one: landbridge-hub key create NAME');
    for (const { id, name, createdAt, scope } of keys) print(`${id}  ${name}  ${scope}  created ${createdAt.toISOString()}`);
  });
  add('revoke', 'revoke an API key, effective at once', async ({ operator }, id: string) => {
    const { revokeApiKey } = await import('../api/api-keys.ts');
    await revokeApiKey(operator, id);
    note(`API key ${id} revoked.`);
  }).argument('<id>', 'ID from "key list"');
  return group;
}
