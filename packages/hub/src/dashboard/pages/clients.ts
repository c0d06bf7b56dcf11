/** OpenID Connect clients: the applications that users sign in to. */
import { CodedError } from '@landbridge/runtime';
import { checkBox, entries, field, table, textArea, time, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { createClient, deleteClient, findClient, rotateClientSecret } from '../../oidc/clients.ts';
import { dashboardConfirmation } from '../elements.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

/** The input for a new client. */
interface Typed {
  name: string;
  redirectUris: string;
  postLogoutRedirectUris: string;
  isPublic: boolean;
  refreshTokens: boolean;
  connections: string[];
}

const NOTHING: Typed = { name: '', redirectUris: '', postLogoutRedirectUris: '', isPublic: false, refreshTokens: false, connections: [] };

export function clientPages(context: DashboardContext): Hono<DashboardEnv> {
  async function newPage(c: Context<DashboardEnv>, typed: Typed = NOTHING, problem = ''): Promise<Response> {
    const connections = await context.store.connections();
    const main = html`<section class="narrow"><h1>New application</h1>
${problem === '' ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
<form method="post" action="${DASHBOARD_PATH}/clients/new">${tokenField(context.tokenOf(c))}
${field('name', 'Name', { value: typed.name, autofocus: true, maxlength: 100, hint: 'Shown to users on the login page.' })}
${textArea('redirectUris', 'Redirect URIs', { value: typed.redirectUris, required: true, hint: 'Where users return after signing in. Must match exactly. One per line.' })}
${textArea('postLogoutRedirectUris', 'Post-logout redirect URIs', { value: typed.postLogoutRedirectUris, hint: 'Optional. One per line.' })}
${checkBox('public', 'Public', typed.isPublic, 'It runs in a browser or on a device and cannot keep a secret.')}
${checkBox('refreshTokens', 'Refresh tokens', typed.refreshTokens, 'It stays signed in without the browser.')}
${
  connections.length === 0
    ? ''
    : html`<fieldset><legend>Connections</legend><p class="hint">Only users of these connections may sign in. Select none to allow all, including later ones.</p>
${connections.map(({ name }) => html`<div class="check"><input type="checkbox" id="connection-${name}" name="connection" value="${name}"${typed.connections.includes(name) ? html` checked` : ''}><label for="connection-${name}">${name}</label></div>`)}</fieldset>`
}
<div class="actions"><button>Create</button><a href="${DASHBOARD_PATH}/clients">Cancel</a></div></form></section>`;
    return context.show(c, { title: 'New application', current: '/clients', main, status: problem === '' ? 200 : 400 });
  }

  return new Hono<DashboardEnv>()
    .get('/clients', async (c) => {
      const rows = (await context.store.oidcClients()).map(({ id, name, secretHash, redirectUris, createdAt }) => [
        html`<a href="${DASHBOARD_PATH}/clients/${id}">${name}</a>`,
        html`<code>${id}</code>`,
        secretHash === undefined ? 'public' : 'confidential',
        html`${redirectUris.map((uri) => html`<span class="line">${uri}</span>`)}`,
        time(createdAt),
      ]);
      const main = html`<div class="title"><h1>Applications</h1>${context.may(c, 'POST /clients/new') ? html`<a class="button" href="${DASHBOARD_PATH}/clients/new">New application</a>` : ''}</div>
<section><p>Applications sign users in with OpenID Connect. The issuer is <code>${context.publicUrl()}</code>.</p>
${table('Applications', ['Name', 'Client ID', 'Type', 'Redirect URIs', 'Created'], rows, 'No applications yet.')}</section>`;
      return context.show(c, { title: 'Applications', current: '/clients', main });
    })
    .get('/clients/new', (c) => newPage(c))
    .post('/clients/new', async (c) => {
      const form = c.get('form');
      const typed: Typed = {
        name: form.get('name')?.trim() ?? '',
        redirectUris: form.get('redirectUris') ?? '',
        postLogoutRedirectUris: form.get('postLogoutRedirectUris') ?? '',
        isPublic: form.has('public'),
        refreshTokens: form.has('refreshTokens'),
        connections: form.getAll('connection'),
      };
      try {
        const { client, secret } = await createClient(context.operatorOf(c), {
          name: typed.name,
          redirectUris: entries(typed.redirectUris),
          postLogoutRedirectUris: entries(typed.postLogoutRedirectUris),
          public: typed.isPublic,
          refreshTokens: typed.refreshTokens,
          connections: typed.connections.length === 0 ? undefined : typed.connections,
        });
        return context.redirect(c, `/clients/${client.id}`, {
          tone: 'good',
          text: secret === undefined ? 'Application created.' : 'Application created. Its secret is shown only now.',
          secrets: secret === undefined ? [] : [{ label: 'Client secret', value: secret }],
        });
      } catch (error) {
        if (!(error instanceof CodedError) || !['CLIENT_INVALID', 'REDIRECT_URI_INVALID', 'CONNECTION_NOT_FOUND'].includes(error.code))
          throw error;
        return newPage(c, typed, `${error.message}.`);
      }
    })
    .get('/clients/:id', async (c) => {
      const client = await findClient(context.store, c.req.param('id'));
      const connections = (await context.store.connections()).filter(({ id }) => client.connectionIds?.includes(id));
      const lines = (uris: readonly string[]) => (uris.length === 0 ? 'none' : uris.map((uri) => html`<span class="line">${uri}</span>`));
      const facts = [
        ['Client ID', html`<code>${client.id}</code>`],
        ['Issuer', html`<code>${context.publicUrl()}</code>`],
        ['Type', client.secretHash === undefined ? 'public' : 'confidential'],
        ['Redirect URIs', lines(client.redirectUris)],
        ['Post-logout redirect URIs', lines(client.postLogoutRedirectUris)],
        ['Connections', client.connectionIds === undefined ? 'all' : connections.map(({ name }) => name).join(', ') || 'none'],
        ['Refresh tokens', client.refreshTokens ? 'yes' : 'no'],
        ['ID tokens signed with', client.idTokenAlgorithm],
        ['Created', time(client.createdAt)],
      ] as const;
      const main = html`<div class="title"><div><p class="crumb"><a href="${DASHBOARD_PATH}/clients">Applications</a></p><h1>${client.name}</h1></div></div>
<section aria-label="Details"><dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>
${client.secretHash === undefined || !context.may(c, 'POST /clients/:id/secret') ? '' : html`<section aria-labelledby="secret"><h2 id="secret">Secret</h2><p>A new secret replaces the current one immediately.</p><p><a class="button plain" href="${DASHBOARD_PATH}/clients/${client.id}/secret">New secret</a></p></section>`}
${
  context.may(c, 'POST /clients/:id/delete')
    ? html`<section aria-labelledby="delete"><h2 id="delete">Delete</h2><p>Users can no longer sign in to it, and its tokens become invalid.</p>
<p><a class="button danger" href="${DASHBOARD_PATH}/clients/${client.id}/delete">Delete this application</a></p></section>`
    : ''
}`;
      return context.show(c, { title: client.name, current: '/clients', main });
    })
    .get('/clients/:id/:action{secret|delete}', async (c) => {
      const { id, name } = await findClient(context.store, c.req.param('id'));
      const isDelete = c.req.param('action') === 'delete';
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: isDelete ? `Delete ${name}?` : `Create a new secret for ${name}?`,
        text: isDelete
          ? 'Users can no longer sign in to it, and its tokens become invalid.'
          : 'The current secret stops working immediately: the application needs the new one.',
        action: `/clients/${id}/${c.req.param('action')}`,
        button: isDelete ? 'Delete' : 'Create new secret',
        back: `/clients/${id}`,
      });
      return context.show(c, { title: name, current: '/clients', main });
    })
    .post('/clients/:id/secret', async (c) => {
      const secret = await rotateClientSecret(context.operatorOf(c), c.req.param('id'));
      const message = {
        tone: 'good' as const,
        text: 'New secret created. It is shown only now.',
        secrets: [{ label: 'Client secret', value: secret }],
      };
      return context.redirect(c, `/clients/${c.req.param('id')}`, message);
    })
    .post('/clients/:id/delete', async (c) => {
      await deleteClient(context.operatorOf(c), c.req.param('id'));
      return context.redirect(c, '/clients', { tone: 'good', text: 'Application deleted.' });
    });
}
