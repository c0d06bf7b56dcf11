/** OpenID Connect clients: the applications that users sign in to. */
import { CodedError } from '@landbridge/runtime';
import { checkBox, entries, field, table, textArea, time, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { changeClient, createClient, deleteClient, findClient, type NewClient, rotateClientSecret } from '../../oidc/clients.ts';
import {
  type ClientOption,
  type ClientOptionChanges,
  type ClientOptions,
  clientOptionFields,
  clientWarnings,
  keptClientOptions,
} from '../../store/client-options.ts';
import { CLIENT_SCOPES, type ClientScope, type OidcClient } from '../../store/oidc-clients.ts';
import { choiceBox, chosenConnections, connectionChoice, dashboardConfirmation } from '../elements.ts';
import { listOf } from '../lists.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

/** The user data that each scope reveals. */
const SCOPE_TEXTS: Readonly<Record<ClientScope, string>> = {
  profile: 'Names and the account name.',
  email: 'The e-mail address.',
  groups: 'The names of all groups of the user.',
};

/** The input of the form. */
interface Typed {
  name: string;
  redirectUris: string;
  postLogoutRedirectUris: string;
  isPublic: boolean;
  scopes: readonly string[];
  refreshTokens: boolean;
  /** Null means all. */
  connections: readonly string[] | null;
  options: ClientOptions;
}

const NOTHING: Typed = {
  ...{ name: '', redirectUris: '', postLogoutRedirectUris: '', isPublic: false, refreshTokens: false, connections: null },
  scopes: ['profile', 'email'],
  options: keptClientOptions.parse({}),
};

export function clientPages(context: DashboardContext): Hono<DashboardEnv> {
  async function formPage(c: Context<DashboardEnv>, client: OidcClient | undefined, typed: Typed, problem = ''): Promise<Response> {
    const connections = await context.store.connections();
    const title = client === undefined ? 'New application' : `Change ${client.name}`;
    const [action, back] = client === undefined ? ['/clients/new', '/clients'] : [`/clients/${client.id}/change`, `/clients/${client.id}`];
    const main = html`<section class="narrow"><h1>${title}</h1>
${problem === '' ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
<form method="post" action="${DASHBOARD_PATH}${action}">${tokenField(context.tokenOf(c))}
${field('name', 'Name', { value: typed.name, autofocus: true, maxlength: 100, hint: 'Shown to users on the login page.' })}
${textArea('redirectUris', 'Redirect URIs', { value: typed.redirectUris, hint: 'Where users return after signing in. Must match exactly. One per line. A device needs none.' })}
${textArea('postLogoutRedirectUris', 'Post-logout redirect URIs', { value: typed.postLogoutRedirectUris, hint: 'Optional. One per line.' })}
${client === undefined ? checkBox('public', 'Public', typed.isPublic, 'It runs in a browser or on a device and cannot keep a secret.') : ''}
<fieldset><legend>Scopes</legend><p class="hint">The user data that the application may see, whatever it requests.</p>
${CLIENT_SCOPES.map((scope) => choiceBox('scope', scope, { chosen: typed.scopes, hint: SCOPE_TEXTS[scope] }))}</fieldset>
${checkBox('refreshTokens', 'Refresh tokens', typed.refreshTokens, 'It stays signed in without the browser.')}
${connectionChoice(connections, typed.connections)}
<fieldset><legend>Options</legend><p class="hint">Off unless the application needs them.</p>
${clientOptionFields().map(({ name, kind, label, description }) => {
  const value = typed.options[name];
  if (kind === 'switch') return checkBox(name, label, value === true, description);
  if (kind === 'text') return field(name, label, { value: String(value), required: false, maxlength: 2000, hint: description });
  return textArea(name, label, { value: Array.isArray(value) ? value.join('\n') : '', hint: `${description} One per line.` });
})}</fieldset>
<div class="actions"><button>${client === undefined ? 'Create' : 'Save'}</button><a href="${DASHBOARD_PATH}${back}">Cancel</a></div></form></section>`;
    return context.show(c, { title, current: '/clients', main, status: problem === '' ? 200 : 400 });
  }

  /** Runs `save` with the input, or shows the form again with the problem. */
  async function saveForm(
    c: Context<DashboardEnv>,
    client: OidcClient | undefined,
    save: (desired: NewClient) => Promise<Response>,
  ): Promise<Response> {
    const form = c.get('form');
    const typed: Typed = {
      name: form.get('name')?.trim() ?? '',
      redirectUris: form.get('redirectUris') ?? '',
      postLogoutRedirectUris: form.get('postLogoutRedirectUris') ?? '',
      isPublic: form.has('public'),
      scopes: form.getAll('scope'),
      refreshTokens: form.has('refreshTokens'),
      connections: chosenConnections(form),
      options: keptClientOptions.parse(optionsIn(form)),
    };
    try {
      return await save({
        name: typed.name,
        redirectUris: entries(typed.redirectUris),
        postLogoutRedirectUris: entries(typed.postLogoutRedirectUris),
        public: typed.isPublic,
        scopes: typed.scopes,
        refreshTokens: typed.refreshTokens,
        connections: typed.connections,
        ...typed.options,
      });
    } catch (error) {
      if (!(error instanceof CodedError) || !['CLIENT_INVALID', 'REDIRECT_URI_INVALID', 'CONNECTION_NOT_FOUND'].includes(error.code))
        throw error;
      return formPage(c, client, typed, `${error.message}.`);
    }
  }

  return new Hono<DashboardEnv>()
    .get('/clients', async (c) => {
      const list = listOf(c, await context.store.oidcClients(), {
        path: '/clients',
        noun: 'applications',
        idOf: ({ id }) => id,
        textsOf: ({ id, name, redirectUris }) => [id, name, ...redirectUris],
        sorts: {
          name: { label: 'Name', of: ({ name }) => name },
          created: { label: 'Created', of: ({ createdAt }) => createdAt.getTime(), newestFirst: true },
        },
        filters: {
          type: {
            label: 'Type',
            choices: [
              ['confidential', 'Confidential'],
              ['public', 'Public'],
            ],
            matches: ({ secretHash }, type) => (secretHash === undefined) === (type === 'public'),
          },
        },
      });
      const rows = list.rows.map(({ id, name, secretHash, redirectUris, createdAt }) => [
        html`<a href="${DASHBOARD_PATH}/clients/${id}">${name}</a>`,
        html`<code>${id}</code>`,
        secretHash === undefined ? 'public' : 'confidential',
        html`${redirectUris.map((uri) => html`<span class="line">${uri}</span>`)}`,
        time(createdAt),
      ]);
      const main = html`<div class="title"><h1>Applications</h1>${context.may(c, 'POST /clients/new') ? html`<a class="button" href="${DASHBOARD_PATH}/clients/new">New application</a>` : ''}</div>
<section><p>Applications sign users in with OpenID Connect. The issuer is <code>${context.publicUrl()}/oidc</code>.</p>
${list.controls}${table('Applications', [list.column('name'), 'Client ID', 'Type', 'Redirect URIs', list.column('created')], rows, list.emptyText('No applications yet.'))}${list.pager}</section>`;
      return context.show(c, { title: 'Applications', current: '/clients', main });
    })
    .get('/clients/new', (c) => formPage(c, undefined, NOTHING))
    .post('/clients/new', (c) =>
      saveForm(c, undefined, async (desired) => {
        const { client, secret } = await createClient(context.operatorOf(c), desired);
        return context.redirect(c, `/clients/${client.id}`, {
          tone: 'good',
          text: secret === undefined ? 'Application created.' : 'Application created. Its secret is shown only now.',
          secrets: secret === undefined ? [] : [{ label: 'Client secret', value: secret }],
        });
      }),
    )
    .get('/clients/:id/change', async (c) => {
      const client = await findClient(context.store, c.req.param('id'));
      const connections = (await context.store.connections()).filter(({ id }) => client.connectionIds?.includes(id));
      const { name, scopes, refreshTokens, options } = client;
      return formPage(c, client, {
        ...{ name, scopes, refreshTokens, options, isPublic: client.secretHash === undefined },
        redirectUris: client.redirectUris.join('\n'),
        postLogoutRedirectUris: client.postLogoutRedirectUris.join('\n'),
        connections: client.connectionIds === undefined ? null : connections.map((connection) => connection.name),
      });
    })
    .post('/clients/:id/change', async (c) => {
      const client = await findClient(context.store, c.req.param('id'));
      return saveForm(c, client, async ({ public: _, ...changes }) => {
        await changeClient(context.operatorOf(c), client.id, changes);
        return context.redirect(c, `/clients/${client.id}`, { tone: 'good', text: 'Application changed.' });
      });
    })
    .get('/clients/:id', async (c) => {
      const client = await findClient(context.store, c.req.param('id'));
      const connections = (await context.store.connections()).filter(({ id }) => client.connectionIds?.includes(id));
      const lines = (uris: readonly string[]) => (uris.length === 0 ? 'none' : uris.map((uri) => html`<span class="line">${uri}</span>`));
      const facts = [
        ['Client ID', html`<code>${client.id}</code>`],
        ['Issuer', html`<code>${context.publicUrl()}/oidc</code>`],
        ['Type', client.secretHash === undefined ? 'public' : 'confidential'],
        ['Redirect URIs', lines(client.redirectUris)],
        ['Post-logout redirect URIs', lines(client.postLogoutRedirectUris)],
        ['Connections', client.connectionIds === undefined ? 'all' : connections.map(({ name }) => name).join(', ') || 'none'],
        ['Scopes', ['openid', ...client.scopes].join(', ')],
        ['Refresh tokens', client.refreshTokens ? 'yes' : 'no'],
        ['ID tokens signed with', client.idTokenAlgorithm],
        ...clientOptionFields().map(({ name, label }) => [label, shown(client.options[name])] as const),
        ['Created', time(client.createdAt)],
      ] as const;
      const main = html`<div class="title"><div><p class="crumb"><a href="${DASHBOARD_PATH}/clients">Applications</a></p><h1>${client.name}</h1></div>${context.may(c, 'POST /clients/:id/change') ? html`<a class="button" href="${DASHBOARD_PATH}/clients/${client.id}/change">Change</a>` : ''}</div>
${clientWarnings(client.options).map((warning) => html`<p class="notice bad">${warning}</p>`)}
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

function optionsIn(form: URLSearchParams): ClientOptionChanges {
  return Object.fromEntries(clientOptionFields().map(({ name, kind }) => [name, optionIn(form, name, kind)]));
}

function optionIn(form: URLSearchParams, name: string, kind: ClientOption['kind']) {
  const typed = form.get(name) ?? '';
  return {
    switch: form.has(name),
    list: typed
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
    text: typed.trim(),
  }[kind];
}

function shown(value: ClientOptions[keyof ClientOptions]) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value === '' ? 'none' : value;
  return value.length === 0 ? 'none' : value.map((entry) => html`<span class="line">${entry}</span>`);
}
