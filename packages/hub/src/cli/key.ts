/** `landbridge-hub key create|list|revoke`. */
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

export function keyCommand({ withHome, print, note }: HubCommandContext): Command {
  return new Command('key')
    .description('manage the API keys of applications')
    .addCommand(
      new Command('create')
        .description('create an API key and print it, once only')
        .argument('[name]', 'name of the application', 'unnamed')
        .option('--sign-in-only', 'allow only sign-in, search and password change, and no administration')
        .action((name: string, { signInOnly = false }: { signInOnly?: boolean }) =>
          withHome(async ({ operator }) => {
            const { createApiKey } = await import('../api/api-keys.ts');
            const { apiKey, secret } = await createApiKey(operator, name, signInOnly ? 'sign-in' : 'operate');
            note(`API key ${apiKey.id} created. It is not shown again:`);
            print(secret);
          }),
        ),
    )
    .addCommand(
      new Command('list').description('list the API keys by ID; the keys themselves are not stored').action(() =>
        withHome(async ({ store }) => {
          const keys = await store.apiKeys();
          if (keys.length === 0) note('No API keys. To create one: landbridge-hub key create NAME');
          for (const { id, name, createdAt, scope } of keys) print(`${id}  ${name}  ${scope}  created ${createdAt.toISOString()}`);
        }),
      ),
    )
    .addCommand(
      new Command('revoke')
        .description('revoke an API key, effective at once')
        .argument('<id>', 'ID from "key list"')
        .action((id: string) =>
          withHome(async ({ operator }) => {
            const { revokeApiKey } = await import('../api/api-keys.ts');
            await revokeApiKey(operator, id);
            note(`API key ${id} revoked.`);
          }),
        ),
    );
}
