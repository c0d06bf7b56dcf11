/** OpenID Connect clients: the applications that people sign in to. */

import { CodedError } from '@landbridge/runtime';
import { checkBox, entries, field, table, textArea, time, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { createClient, deleteClient, findClient, rotateClientSecret } from '../../oidc/clients.ts';
import { dashboardConfirmation } from '../elements.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

/** What stands in the form of a new client. */
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
${field('name', 'Name', { value: typed.name, autofocus: true, maxlength: 100, hint: 'People read it on the login page.' })}
${textArea('redirectUris', 'Redirect addresses', { value: typed.redirectUris, required: true, hint: 'Where people come back to after signing in, letter by letter. One a line.' })}
${textArea('postLogoutRedirectUris', 'Redirect addresses after signing out', { value: typed.postLogoutRedirectUris, hint: 'One a line; may be empty.' })}
${checkBox('public', 'Public', typed.isPublic, 'It runs in a browser or on a device, and can keep no secret.')}
${checkBox('refreshTokens', 'Refresh tokens', typed.refreshTokens, 'It may stay signed in without the browser.')}
${
  connections.length === 0
    ? ''
    : html`<fieldset><legend>Whose people may sign in</legend><p class="hint">None chosen: those of all connections, also of later ones.</p>
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
        secretHash === undefined ? 'public' : 'with a secret',
        html`${redirectUris.map((uri) => html`<span class="line">${uri}</span>`)}`,
        time(createdAt),
      ]);
      const main = html`<div class="title"><h1>Applications</h1><a class="button" href="${DASHBOARD_PATH}/clients/new">New application</a></div>
<section><p>They sign people in with OpenID Connect; the issuer is <code>${context.publicUrl()}</code>.</p>
${table('Applications', ['Name', 'Client id', 'Kind', 'Redirect addresses', 'Made'], rows, 'There is no application yet.')}</section>`;
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
          text: secret === undefined ? 'The application is there.' : 'The application is there. Its secret is shown only now.',
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
        ['Client id', html`<code>${client.id}</code>`],
        ['Issuer', html`<code>${context.publicUrl()}</code>`],
        ['Kind', client.secretHash === undefined ? 'public' : 'with a secret'],
        ['Redirect addresses', lines(client.redirectUris)],
        ['After signing out', lines(client.postLogoutRedirectUris)],
        ['People of', client.connectionIds === undefined ? 'all connections' : connections.map(({ name }) => name).join(', ') || 'nobody'],
        ['Refresh tokens', client.refreshTokens ? 'yes' : 'no'],
        ['ID tokens signed with', client.idTokenAlgorithm],
        ['Made', time(client.createdAt)],
      ] as const;
      const main = html`<div class="title"><div><p class="crumb"><a href="${DASHBOARD_PATH}/clients">Applications</a></p><h1>${client.name}</h1></div></div>
<section aria-label="Facts"><dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>
${client.secretHash === undefined ? '' : html`<section aria-labelledby="secret"><h2 id="secret">Secret</h2><p>A new secret takes the place of the present one at once.</p><p><a class="button plain" href="${DASHBOARD_PATH}/clients/${client.id}/secret">New secret</a></p></section>`}
<section aria-labelledby="delete"><h2 id="delete">Delete</h2><p>People can no longer sign in to it, and its tokens are worthless.</p>
<p><a class="button danger" href="${DASHBOARD_PATH}/clients/${client.id}/delete">Delete this application</a></p></section>`;
      return context.show(c, { title: client.name, current: '/clients', main });
    })
    .get('/clients/:id/:action{secret|delete}', async (c) => {
      const { id, name } = await findClient(context.store, c.req.param('id'));
      const isDelete = c.req.param('action') === 'delete';
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: isDelete ? `Delete ${name}?` : `A new secret for ${name}?`,
        text: isDelete
          ? 'People can no longer sign in to it, and its tokens are worthless.'
          : 'The present secret is dead at once: the application needs the new one.',
        action: `/clients/${id}/${c.req.param('action')}`,
        button: isDelete ? 'Delete' : 'Make a new secret',
        back: `/clients/${id}`,
      });
      return context.show(c, { title: name, current: '/clients', main });
    })
    .post('/clients/:id/secret', async (c) => {
      const secret = await rotateClientSecret(context.operatorOf(c), c.req.param('id'));
      const message = {
        tone: 'good' as const,
        text: 'The new secret is shown only now.',
        secrets: [{ label: 'Client secret', value: secret }],
      };
      return context.redirect(c, `/clients/${c.req.param('id')}`, message);
    })
    .post('/clients/:id/delete', async (c) => {
      await deleteClient(context.operatorOf(c), c.req.param('id'));
      return context.redirect(c, '/clients', { tone: 'good', text: 'The application is deleted.' });
    });
}
