/** `landbridge-hub client create|list|secret|delete|rotate-keys`. */
import { Command, Option } from 'commander';
import type { Surroundings } from './program.ts';

interface CreateOptions {
  redirectUri: string[];
  postLogoutRedirectUri?: string[];
  public?: true;
  connection?: string[];
  refreshTokens?: true;
  idTokenAlgorithm?: 'RS256' | 'ES256';
}

const collect = (value: string, before: string[] = []) => [...before, value];

export function clientCommand({ withHome, print, note }: Surroundings): Command {
  return new Command('client')
    .description('clients: applications that people sign in to with OpenID Connect')
    .addCommand(
      new Command('create')
        .description('register an application; prints its client id and, only now, its secret')
        .argument('<name>', 'people read it on the login page')
        .addOption(
          new Option('--redirect-uri <url>', 'where people are sent back to: https, or http on this machine; may be given again')
            .argParser(collect)
            .makeOptionMandatory(),
        )
        .option('--post-logout-redirect-uri <url>', 'where they are sent after signing out; may be given again', collect)
        .option('--public', 'it can keep no secret: it runs in a browser or on a device')
        .option('--connection <name>', 'whose people may sign in; may be given again (default: every connection)', collect)
        .option('--refresh-tokens', 'give it refresh tokens')
        .addOption(new Option('--id-token-algorithm <alg>', 'how its ID tokens are signed').choices(['RS256', 'ES256']))
        .action((name: string, options: CreateOptions) =>
          withHome(async ({ store, publicUrl }) => {
            const [{ createClient }, { commandLineOperator }] = await Promise.all([import('../oidc/clients.ts'), import('./operator.ts')]);
            const { redirectUri, postLogoutRedirectUri, connection, ...rest } = options;
            const { client, secret } = await createClient(commandLineOperator(store), {
              ...rest,
              name,
              redirectUris: redirectUri,
              postLogoutRedirectUris: postLogoutRedirectUri,
              connections: connection,
            });
            note(`Client "${name}" is registered.${secret === undefined ? '' : ' Its secret is shown only now.'}`);
            print(`issuer         ${await publicUrl()}/oidc`);
            print(`client_id      ${client.id}`);
            if (secret !== undefined) print(`client_secret  ${secret}`);
          }),
        ),
    )
    .addCommand(
      new Command('list').description('list the clients').action(() =>
        withHome(async ({ store }) => {
          const clients = await store.oidcClients();
          if (clients.length === 0) note('There are no clients. Make one: landbridge-hub client create NAME --redirect-uri URL');
          for (const { id, name, secretHash, redirectUris } of clients) {
            print(`${id}  ${name}  ${secretHash === undefined ? 'public' : 'with a secret'}  ${redirectUris.join(' ')}`);
          }
        }),
      ),
    )
    .addCommand(
      new Command('secret')
        .description('make a new secret and print it, only now; the old one is dead at once')
        .argument('<client-id>')
        .action((id: string) =>
          withHome(async ({ store }) => {
            const [{ rotateClientSecret }, { commandLineOperator }] = await Promise.all([
              import('../oidc/clients.ts'),
              import('./operator.ts'),
            ]);
            print(await rotateClientSecret(commandLineOperator(store), id));
          }),
        ),
    )
    .addCommand(
      new Command('delete')
        .description('delete a client; its tokens are worthless at once')
        .argument('<client-id>')
        .action((id: string) =>
          withHome(async ({ store }) => {
            const [{ deleteClient }, { commandLineOperator }] = await Promise.all([import('../oidc/clients.ts'), import('./operator.ts')]);
            await deleteClient(commandLineOperator(store), id);
            note(`Client ${id} is deleted.`);
          }),
        ),
    )
    .addCommand(
      new Command('rotate-keys')
        .description('make new keys for ID tokens and cookies; the old ones are published for 30 more days')
        .action(() =>
          withHome(async ({ store }) => {
            const [{ rotateProviderKeys }, { commandLineOperator }] = await Promise.all([
              import('../oidc/keys.ts'),
              import('./operator.ts'),
            ]);
            await rotateProviderKeys(commandLineOperator(store));
            note('There are new keys. A running hub signs with them within a minute.');
          }),
        ),
    );
}
