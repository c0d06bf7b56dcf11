/** OpenID Connect clients: the applications that users sign in to. */
import { CodedError } from '@landbridge/runtime';
import { table, time } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { changeClient, createClient, deleteClient, findClient, type NewClient, rotateClientSecret } from '../../oidc/clients.ts';
import { type ClientOptions, clientOptionFields, clientWarnings } from '../../store/client-options.ts';
import type { OidcClient } from '../../store/oidc-clients.ts';
import { BLANK_CLIENT, clientForm, readClientForm, type TypedClient, typedFrom } from '../client-form.ts';
import { dashboardConfirmation, NOT_REJECTED, rejectedBy } from '../elements.ts';
import { listOf } from '../lists.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';
import { quickStart } from '../quick-start.ts';

/** Errors that show the form again. */
const INPUT_ERRORS = ['CLIENT_INVALID', 'REDIRECT_URI_INVALID', 'CONNECTION_NOT_FOUND'];

export function clientPages(context: DashboardContext): Hono<DashboardEnv> {
  const issuer = () => `${context.publicUrl()}/oidc`;

  async function formPage(
    c: Context<DashboardEnv>,
    client: OidcClient | undefined,
    typed: TypedClient,
    problem = NOT_REJECTED,
  ): Promise<Response> {
    const title = client === undefined ? 'New application' : `Change ${client.name}`;
    const [action, back] = client === undefined ? ['/clients/new', '/clients'] : [`/clients/${client.id}/change`, `/clients/${client.id}`];
    const connections = await context.store.connections();
    const form = clientForm({ client, typed, problem, connections, formToken: context.tokenOf(c), action, back });
    const main = html`<section class="narrow"><h1>${title}</h1>${form}</section>`;
    return context.show(c, { title, current: '/clients', main, status: problem.text === '' ? 200 : 400 });
  }

  /** Runs `save` with the input, or shows the form again with the problem. */
  async function saveForm(
    c: Context<DashboardEnv>,
    client: OidcClient | undefined,
    save: (desired: NewClient) => Promise<Response>,
  ): Promise<Response> {
    const { typed, desired } = readClientForm(c.get('form'));
    try {
      return await save(desired);
    } catch (error) {
      if (!(error instanceof CodedError) || !INPUT_ERRORS.includes(error.code)) throw error;
      return formPage(c, client, typed, rejectedBy(error));
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
<section><p>Applications sign users in with OpenID Connect. The issuer is <code>${issuer()}</code>.</p>
${list.controls}${table('Applications', [list.column('name'), 'Client ID', 'Type', 'Redirect URIs', list.column('created')], rows, list.emptyText('No applications yet.'))}${list.pager}</section>`;
      return context.show(c, { title: 'Applications', current: '/clients', main });
    })
    .get('/clients/new', (c) => formPage(c, undefined, BLANK_CLIENT))
    .post('/clients/new', (c) =>
      saveForm(c, undefined, async (desired) => {
        const { client, secret } = await createClient(context.operatorOf(c), desired);
        return context.redirect(c, `/clients/${client.id}`, {
          tone: 'good',
          text:
            secret === undefined
              ? 'Application created.'
              : 'Application created. Its secret is shown only now. The quick start below has the settings of common clients.',
          secrets: secret === undefined ? [] : [{ label: 'Client secret', value: secret }],
        });
      }),
    )
    .get('/clients/:id/change', async (c) => {
      const client = await findClient(context.store, c.req.param('id'));
      return formPage(c, client, typedFrom(client, await context.store.connections()));
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
${quickStart(client, issuer(), context.may(c, 'POST /clients/:id/secret'), context.help('applications', 'Applications that were tried, and their settings'))}
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

function shown(value: ClientOptions[keyof ClientOptions]) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value === '' ? 'none' : value;
  return value.length === 0 ? 'none' : value.map((entry) => html`<span class="line">${entry}</span>`);
}
