/** The API of OpenID Connect clients and the provider's keys. */
import { readJsonBody } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import type { Audit } from '../audit/audit.ts';
import { changeClient, createClient, deleteClient, findClient, rotateClientSecret } from '../oidc/clients.ts';
import { rotateProviderKeys } from '../oidc/keys.ts';
import type { Operator } from '../operator.ts';
import type { OidcClient } from '../store/oidc-clients.ts';
import type { Store } from '../store/store.ts';
import type { ApiVariables } from './operate.ts';
import { clientRequest, newClientRequest } from './requests.ts';
import { clientView } from './views.ts';

const MAX_BODY_BYTES = 256 * 1024;

export function clientApi(parts: { store: Store; audit: Audit; takeEffect: () => Promise<void> }): Hono<ApiVariables> {
  const { store } = parts;
  const operatorOf = (c: Context<ApiVariables>): Operator => ({
    ...parts,
    actor: `api-key:${c.get('apiKey').id}`,
    remoteAddress: c.get('remoteAddress'),
  });

  const view = (client: OidcClient) => clientView(store, client);

  return new Hono<ApiVariables>()
    .post('/clients', async (c) => {
      const { client, secret } = await createClient(operatorOf(c), await readJsonBody(c, newClientRequest, MAX_BODY_BYTES));
      return c.json({ client: await view(client), secret }, 201);
    })
    .get('/clients', async (c) => c.json({ clients: await Promise.all((await store.oidcClients()).map(view)) }))
    .get('/clients/:id', async (c) => c.json({ client: await view(await findClient(store, c.req.param('id'))) }))
    .patch('/clients/:id', async (c) => {
      const client = await changeClient(operatorOf(c), c.req.param('id'), await readJsonBody(c, clientRequest, MAX_BODY_BYTES));
      return c.json({ client: await view(client) });
    })
    .delete('/clients/:id', async (c) => {
      await deleteClient(operatorOf(c), c.req.param('id'));
      return c.body(null, 204);
    })
    .post('/clients/:id/secret', async (c) => c.json({ secret: await rotateClientSecret(operatorOf(c), c.req.param('id')) }, 201))
    .post('/oidc-keys/rotate', async (c) => c.json({ keys: await rotateProviderKeys(operatorOf(c)) }, 201));
}
