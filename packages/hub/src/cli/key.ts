/** `landbridge-hub key create|list|revoke`. */
import type { Command } from 'commander';
import type { ApiKey } from '../store/api-keys.ts';
import type { HubCommandContext } from './context.ts';
import { createGroup } from './group.ts';

export function keyCommand(context: HubCommandContext): Command {
  const { print, note } = context;
  const { group, add } = createGroup(context, 'key', 'manage the API keys of applications');

  add(
    'create',
    'create an API key and print it, once only',
    async ({ operator }, name: string, { signInOnly = false, days }: { signInOnly?: boolean; days?: string }) => {
      const { createApiKey } = await import('../api/api-keys.ts');
      const scope = signInOnly ? 'sign-in' : 'operate';
      const { apiKey, secret } = await createApiKey(operator, name, { scope, days: days === undefined ? undefined : Number(days) });
      note(`API key ${apiKey.id} created${expiry(apiKey)}. It is not shown again:`);
      print(secret);
    },
  )
    .argument('[name]', 'name of the application', 'unnamed')
    .option('--sign-in-only', 'allow only sign-in and changing one’s own password: no search and no administration')
    .option('--days <days>', 'days until it expires (default: never)');
  add('list', 'list the API keys by ID; the keys themselves are not stored', async ({ store }) => {
    const keys = await store.apiKeys();
    if (keys.length === 0) note('No API keys. To create one: landbridge-hub key create NAME');
    for (const key of keys) {
      const { id, name, createdAt, scope, lastUsedAt } = key;
      const used = lastUsedAt === undefined ? 'never used' : `last used ${lastUsedAt.toISOString()}`;
      print(`${id}  ${name}  ${scope}  created ${createdAt.toISOString()}${expiry(key)}, ${used}`);
    }
  });
  add('revoke', 'revoke an API key, effective at once', async ({ operator }, id: string) => {
    const { revokeApiKey } = await import('../api/api-keys.ts');
    await revokeApiKey(operator, id);
    note(`API key ${id} revoked.`);
  }).argument('<id>', 'ID from "key list"');
  return group;
}

function expiry({ expiresAt }: ApiKey): string {
  if (expiresAt === undefined) return '';
  return `, ${expiresAt <= new Date() ? 'expired' : 'expires'} ${expiresAt.toISOString()}`;
}
