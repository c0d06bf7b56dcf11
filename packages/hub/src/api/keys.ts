/** The API for API keys. A key cannot grant more than it has. */
import { readJsonBody } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import type { Audit } from '../audit/audit.ts';
import type { Operator } from '../operator.ts';
import type { ApiKey } from '../store/api-keys.ts';
import type { Store } from '../store/store.ts';
import { changeApiKey, createApiKey, revokeApiKey } from './api-keys.ts';
import type { ApiVariables } from './operate.ts';
import { apiKeyRequest, newApiKeyRequest } from './requests.ts';
import { apiKeyView } from './views.ts';

const MAX_BODY_BYTES = 64 * 1024;

export function apiKeyApi(parts: { store: Store; audit: Audit; takeEffect: () => Promise<void> }): Hono<ApiVariables> {
  const { store } = parts;
  const operatorOf = (c: Context<ApiVariables>): Operator => ({
    ...parts,
    actor: `api-key:${c.get('apiKey').id}`,
    remoteAddress: c.get('remoteAddress'),
  });

  const view = (key: ApiKey) => apiKeyView(store, key);

  return new Hono<ApiVariables>()
    .get('/api-keys', async (c) => c.json({ apiKeys: await Promise.all((await store.apiKeys()).map(view)) }))
    .post('/api-keys', async (c) => {
      const { name, ...permissions } = await readJsonBody(c, newApiKeyRequest, MAX_BODY_BYTES);
      const { apiKey, secret } = await createApiKey(operatorOf(c), name, permissions, c.get('apiKey'));
      return c.json({ apiKey: await view(apiKey), secret }, 201);
    })
    .patch('/api-keys/:id', async (c) => {
      const permissions = await readJsonBody(c, apiKeyRequest, MAX_BODY_BYTES);
      return c.json({ apiKey: await view(await changeApiKey(operatorOf(c), c.req.param('id'), permissions, c.get('apiKey'))) });
    })
    .delete('/api-keys/:id', async (c) => {
      await revokeApiKey(operatorOf(c), c.req.param('id'));
      return c.body(null, 204);
    });
}
