/** `landbridge-hub client create|list|secret|delete|rotate-keys`. */
import { type Command, Option } from 'commander';
import type { HubCommandContext } from './context.ts';
import { createGroup } from './group.ts';

interface CreateOptions {
  redirectUri: string[];
  postLogoutRedirectUri?: string[];
  public?: true;
  connection?: string[];
  refreshTokens?: true;
  idTokenAlgorithm?: 'RS256' | 'ES256';
}

const collect = (value: string, before: string[] = []) => [...before, value];

export function clientCommand(context: HubCommandContext): Command {
  const { print, note } = context;
  const { group, add } = createGroup(context, 'client', 'manage clients: applications that use OpenID Connect');

  add(
    'create',
    'register an application; prints its client ID and, once only, its secret',
    async ({ operator, publicUrl }, name: string, options: CreateOptions) => {
      const { createClient } = await import('../oidc/clients.ts');
      const { redirectUri: redirectUris, postLogoutRedirectUri: postLogoutRedirectUris, connection: connections, ...rest } = options;
      const { client, secret } = await createClient(operator, { ...rest, name, redirectUris, postLogoutRedirectUris, connections });
      note(`Client "${name}" registered.${secret === undefined ? '' : ' Its secret is not shown again.'}`);
      print(`issuer         ${await publicUrl()}/oidc`);
      print(`client_id      ${client.id}`);
      if (secret !== undefined) print(`client_secret  ${secret}`);
    },
  )
    .argument('<name>', 'name on the login page')
    .addOption(
      new Option('--redirect-uri <url>', 'redirect URI: https, or http on this machine; repeatable')
        .argParser(collect)
        .makeOptionMandatory(),
    )
    .option('--post-logout-redirect-uri <url>', 'redirect URI after signing out; repeatable', collect)
    .option('--public', 'the application cannot keep a secret, because it runs in a browser or on a device')
    .option('--connection <name>', 'connection whose users may sign in; repeatable (default: all connections)', collect)
    .option('--refresh-tokens', 'issue refresh tokens')
    .addOption(new Option('--id-token-algorithm <alg>', 'signature algorithm of ID tokens').choices(['RS256', 'ES256']));
  add('list', 'list the clients', async ({ store }) => {
    const clients = await store.oidcClients();
    if (clients.length === 0) note('No clients. To create one: landbridge-hub client create NAME --redirect-uri URL');
    for (const { id, name, secretHash, redirectUris } of clients) {
      print(`${id}  ${name}  ${secretHash === undefined ? 'public' : 'confidential'}  ${redirectUris.join(' ')}`);
    }
  });
  add('secret', 'replace the secret and print the new one, once only', async ({ operator }, id: string) => {
    const { rotateClientSecret } = await import('../oidc/clients.ts');
    print(await rotateClientSecret(operator, id));
  }).argument('<client-id>');
  add('delete', 'delete a client and revoke its tokens', async ({ operator }, id: string) => {
    const { deleteClient } = await import('../oidc/clients.ts');
    await deleteClient(operator, id);
    note(`Client ${id} deleted.`);
  }).argument('<client-id>');
  add('rotate-keys', 'create new keys for ID tokens and cookies; the old ones stay published for 30 days', async ({ operator }) => {
    const { rotateProviderKeys } = await import('../oidc/keys.ts');
    await rotateProviderKeys(operator);
    note('New keys created. A running hub uses them within a minute.');
  });
  return group;
}
