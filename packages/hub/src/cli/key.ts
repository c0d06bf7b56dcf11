/** `landbridge-hub key create|list|revoke`. */
import { Command } from 'commander';
import type { Surroundings } from './program.ts';

export function keyCommand({ withHome, print, note }: Surroundings): Command {
  return new Command('key')
    .description('API keys: what applications authenticate with')
    .addCommand(
      new Command('create')
        .description('make an API key and print it, only now')
        .argument('[name]', 'for whom it is', 'unnamed')
        .option('--sign-in-only', 'it may sign people in, search, and let them change their passwords, and operate nothing')
        .action((name: string, { signInOnly = false }: { signInOnly?: boolean }) =>
          withHome(async ({ store }) => {
            const [{ createApiKey }, { commandLineOperator }] = await Promise.all([import('../api/api-keys.ts'), import('./operator.ts')]);
            const { apiKey, secret } = await createApiKey(commandLineOperator(store), name, signInOnly ? 'sign-in' : 'operate');
            note(`API key ${apiKey.id}, shown only now:`);
            print(secret);
          }),
        ),
    )
    .addCommand(
      new Command('list').description('list the API keys by id; the keys themselves are not kept').action(() =>
        withHome(async ({ store }) => {
          const keys = await store.apiKeys();
          if (keys.length === 0) note('There are no API keys. Make one: landbridge-hub key create NAME');
          for (const { id, name, createdAt, scope } of keys) print(`${id}  ${name}  ${scope}  created ${createdAt.toISOString()}`);
        }),
      ),
    )
    .addCommand(
      new Command('revoke')
        .description('revoke an API key at once')
        .argument('<id>', 'as in "key list"')
        .action((id: string) =>
          withHome(async ({ store }) => {
            const [{ revokeApiKey }, { commandLineOperator }] = await Promise.all([import('../api/api-keys.ts'), import('./operator.ts')]);
            await revokeApiKey(commandLineOperator(store), id);
            note(`API key ${id} is revoked.`);
          }),
        ),
    );
}
