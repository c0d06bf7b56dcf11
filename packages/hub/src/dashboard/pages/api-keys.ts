/** Creating and revoking API keys of applications. */
import { checkBox, field, table, time, tokenField } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { createApiKey, revokeApiKey } from '../../api/api-keys.ts';
import { dashboardConfirmation } from '../elements.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

export function apiKeyRoutes(context: DashboardContext): Hono<DashboardEnv> {
  return new Hono<DashboardEnv>()
    .get('/api-keys', async (c) => {
      const rows = (await context.store.apiKeys()).map(({ id, name, createdAt, scope, expiresAt, lastUsedAt }) => [
        name,
        html`<code>${id}</code>`,
        scope === 'operate' ? 'all' : 'sign-ins only',
        time(createdAt),
        expiresAt === undefined ? 'never' : html`${expiresAt <= new Date() ? 'expired ' : ''}${time(expiresAt)}`,
        lastUsedAt === undefined ? 'never' : time(lastUsedAt),
        context.may(c, 'POST /api-keys/:id/revoke')
          ? html`<a href="${DASHBOARD_PATH}/api-keys/${id}/revoke">Revoke<span class="hidden"> ${name}</span></a>`
          : '',
      ]);
      const main = html`<h1>API keys</h1>
<section><p>Applications use them to call this hub’s API from their servers. Give each application its own key, limited to sign-ins unless it operates the hub.</p>
${table('API keys', ['Name', 'ID', 'Permissions', 'Created', 'Expires', 'Last use', ''], rows, 'No API keys yet.')}</section>
${
  context.may(c, 'POST /api-keys')
    ? html`<section aria-labelledby="new"><h2 id="new">New API key</h2>
<form method="post" action="${DASHBOARD_PATH}/api-keys">${tokenField(context.tokenOf(c))}
${field('name', 'Name', { maxlength: 100, hint: 'The application that uses it.' })}
${field('days', 'Expires after days', { required: false, maxlength: 4, hint: 'Empty: never.' })}
${checkBox('sign-in-only', 'Sign-ins only', true, 'Otherwise the key can also search users, and manage connections, tickets, connectors and applications.')}<button>Create key</button></form></section>`
    : html`<p class="quiet">Only owners create API keys.</p>`
}`;
      return context.show(c, { title: 'API keys', current: '/api-keys', main });
    })
    .post('/api-keys', async (c) => {
      const name = c.get('form').get('name')?.trim() || 'unnamed';
      const days = c.get('form').get('days')?.trim() ?? '';
      const { secret } = await createApiKey(context.operatorOf(c), name, {
        scope: c.get('form').get('sign-in-only') === null ? 'operate' : 'sign-in',
        days: days === '' ? undefined : Number(days),
      });
      const text = `API key for ${name} created. It is a secret and shown only now.`;
      return context.redirect(c, '/api-keys', { tone: 'good', text, secrets: [{ label: 'API key', value: secret }] });
    })
    .get('/api-keys/:id/revoke', async (c) => {
      const key = (await context.store.apiKeys()).find(({ id }) => id === c.req.param('id'));
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: `Revoke the key of ${key?.name ?? c.req.param('id')}?`,
        text: 'Requests with this key fail immediately.',
        action: `/api-keys/${encodeURIComponent(c.req.param('id'))}/revoke`,
        button: 'Revoke',
        back: '/api-keys',
      });
      return context.show(c, { title: 'Revoke an API key', current: '/api-keys', main });
    })
    .post('/api-keys/:id/revoke', async (c) => {
      await revokeApiKey(context.operatorOf(c), c.req.param('id'));
      return context.redirect(c, '/api-keys', { tone: 'good', text: 'API key revoked.' });
    });
}
