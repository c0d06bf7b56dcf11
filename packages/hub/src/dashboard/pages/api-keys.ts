/** API keys for applications: creating, revoking and changing permissions. */
import { CodedError } from '@landbridge/runtime';
import { entries, field, fieldProblem, type Html, table, textArea, time, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { changeApiKey, createApiKey, findKey, type KeyPermissions, revokeApiKey } from '../../api/api-keys.ts';
import { API_SCOPE_NAMES, API_SCOPES, type ApiKey, type ApiScope, HUB_SCOPES } from '../../store/api-keys.ts';
import {
  choiceBox,
  chosenConnections,
  connectionChoice,
  dashboardConfirmation,
  NOT_REJECTED,
  type RejectedInput,
  rejectedBy,
  rejectionNotice,
} from '../elements.ts';
import { listOf } from '../lists.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

/** Errors that show the form again. */
const INPUT_ERRORS = ['KEY_NAME_INVALID', 'KEY_EXPIRY_INVALID', 'KEY_PERMISSIONS_INVALID', 'CONNECTION_NOT_FOUND'];

const LABELS = { name: 'Name', scopes: 'Permissions', connections: 'Connections', addresses: 'Addresses', days: 'Expires after days' };

/** The input of the form. */
interface TypedKey {
  name: string;
  scopes: readonly string[];
  /** Null means all. */
  connections: readonly string[] | null;
  addresses: string;
  days: string;
}

const NEW_KEY: TypedKey = { name: '', scopes: ['sign-in'], connections: null, addresses: '', days: '' };

export function apiKeyRoutes(context: DashboardContext): Hono<DashboardEnv> {
  async function keyForm(
    c: Context<DashboardEnv>,
    action: string,
    button: string,
    typed: TypedKey,
    expiry: string,
    { fields }: RejectedInput,
  ): Promise<Html> {
    const connections = await context.store.connections();
    return html`<form method="post" action="${DASHBOARD_PATH}${action}">${tokenField(context.tokenOf(c))}
${field('name', 'Name', { value: typed.name, maxlength: 100, hint: 'The application that uses it.', problem: fields.name ?? '' })}
<fieldset id="scopes"><legend>Permissions</legend>${fieldProblem('scopes', fields.scopes ?? '')}
${API_SCOPE_NAMES.map((scope) => choiceBox('scope', scope, { chosen: typed.scopes, hint: hintOf(scope) }))}</fieldset>
${connectionChoice(connections, typed.connections, fields.connections)}
${textArea('addresses', 'Addresses', { value: typed.addresses, hint: 'Addresses or ranges of the application’s servers, such as 192.0.2.7 or 10.0.0.0/8. Empty: all.', problem: fields.addresses ?? '' })}
${field('days', 'Expires after days', { value: typed.days, required: false, maxlength: 5, hint: expiry, problem: fields.days ?? '' })}
<div class="actions"><button>${button}</button><a href="${DASHBOARD_PATH}/api-keys">Cancel</a></div></form>`;
  }

  async function formPage(c: Context<DashboardEnv>, key: ApiKey | undefined, typed: TypedKey, problem = NOT_REJECTED): Promise<Response> {
    const heading = key === undefined ? 'New API key' : `API key ${key.name}`;
    const expiry =
      key === undefined
        ? 'Empty: never.'
        : `Now: ${key.expiresAt?.toISOString().slice(0, 16).replace('T', ' ') ?? 'never'}. Empty: no change. “never”: no expiry.`;
    const action = key === undefined ? '/api-keys/new' : `/api-keys/${key.id}`;
    const main = html`<section class="narrow"><h1>${heading}</h1>
${rejectionNotice(problem, LABELS)}
${await keyForm(c, action, key === undefined ? 'Create key' : 'Save', typed, expiry, problem)}</section>`;
    return context.show(c, { title: heading, current: '/api-keys', main, status: problem.text === '' ? 200 : 400 });
  }

  /** Runs `save` with the submitted permissions, or shows the form again with the problem. */
  async function save(c: Context<DashboardEnv>, key: ApiKey | undefined, run: (permissions: KeyPermissions) => Promise<Response>) {
    const form = c.get('form');
    const typed: TypedKey = {
      name: form.get('name')?.trim() ?? '',
      scopes: form.getAll('scope'),
      connections: chosenConnections(form),
      addresses: form.get('addresses') ?? '',
      days: form.get('days')?.trim() ?? '',
    };
    try {
      return await run({
        name: typed.name,
        scopes: typed.scopes,
        connections: typed.connections,
        addresses: entries(typed.addresses),
        days: typed.days === '' ? undefined : typed.days === 'never' ? null : Number(typed.days),
      });
    } catch (error) {
      if (!(error instanceof CodedError) || !INPUT_ERRORS.includes(error.code)) throw error;
      return formPage(c, key, typed, rejectedBy(error));
    }
  }

  return new Hono<DashboardEnv>()
    .get('/api-keys', async (c) => {
      const mayChange = context.may(c, 'POST /api-keys/:id');
      const [keys, connections] = await Promise.all([context.store.apiKeys(), context.store.connections()]);
      const list = listOf(c, keys, {
        path: '/api-keys',
        noun: 'keys',
        idOf: ({ id }) => id,
        textsOf: ({ id, name, scopes, addresses }) => [id, name, ...scopes, ...addresses],
        sorts: {
          name: { label: 'Name', of: ({ name }) => name },
          expires: { label: 'Expires', of: ({ expiresAt }) => expiresAt?.getTime() ?? Number.MAX_SAFE_INTEGER },
          used: { label: 'Last use', of: ({ lastUsedAt }) => lastUsedAt?.getTime() ?? 0, newestFirst: true },
        },
        filters: {
          scope: {
            label: 'Permission',
            choices: API_SCOPE_NAMES.map((scope) => [scope, scope] as const),
            matches: ({ scopes }, scope) => scopes.some((name) => name === scope),
          },
        },
      });
      const rows = list.rows.map(({ id, name, scopes, connectionIds, addresses, expiresAt, lastUsedAt, lastUsedFrom }) => [
        mayChange ? html`<a href="${DASHBOARD_PATH}/api-keys/${id}">${name}</a>` : name,
        html`<code>${id}</code>`,
        scopes.length === API_SCOPE_NAMES.length ? 'all' : scopes.join(', '),
        connectionIds === undefined
          ? 'all'
          : connections
              .filter((connection) => connectionIds.includes(connection.id))
              .map((connection) => connection.name)
              .join(', ') || 'none',
        addresses.length === 0 ? 'all' : html`${addresses.map((range) => html`<span class="line">${range}</span>`)}`,
        expiresAt === undefined ? 'never' : html`${expiresAt <= new Date() ? 'expired ' : ''}${time(expiresAt)}`,
        lastUsedAt === undefined ? 'never' : html`${time(lastUsedAt)}<span class="line">${lastUsedFrom}</span>`,
        context.may(c, 'POST /api-keys/:id/revoke')
          ? html`<a href="${DASHBOARD_PATH}/api-keys/${id}/revoke">Revoke<span class="hidden"> ${name}</span></a>`
          : '',
      ]);
      const main = html`<div class="title"><h1>API keys</h1>${mayChange ? html`<a class="button" href="${DASHBOARD_PATH}/api-keys/new">New API key</a>` : ''}</div>
<section><p>Applications use them to call this hub’s API from their servers. Give each application its own key, with only the permissions that it needs.${mayChange ? '' : ' Only owners can create and change keys.'}</p>
${list.controls}${table('API keys', [list.column('name'), 'ID', 'Permissions', 'Connections', 'Addresses', list.column('expires'), list.column('used'), ''], rows, list.emptyText('No API keys yet.'))}${list.pager}</section>`;
      return context.show(c, { title: 'API keys', current: '/api-keys', main });
    })
    .get('/api-keys/new', (c) => formPage(c, undefined, NEW_KEY))
    .post('/api-keys/new', (c) =>
      save(c, undefined, async ({ name = '', ...permissions }) => {
        const { secret } = await createApiKey(context.operatorOf(c), name, permissions);
        const text = `API key for ${name} created. It is a secret and is shown only once.`;
        return context.redirect(c, '/api-keys', { tone: 'good', text, secrets: [{ label: 'API key', value: secret }] });
      }),
    )
    .get('/api-keys/:id', async (c) => {
      const key = await findKey(context.store, c.req.param('id'));
      const connections = (await context.store.connections()).filter(({ id }) => key.connectionIds?.includes(id));
      const { name, scopes, addresses } = key;
      const typed = {
        name,
        scopes,
        connections: key.connectionIds === undefined ? null : connections.map((each) => each.name),
        addresses: addresses.join('\n'),
        days: '',
      };
      return formPage(c, key, typed);
    })
    .post('/api-keys/:id', async (c) => {
      const key = await findKey(context.store, c.req.param('id'));
      return save(c, key, async (permissions) => {
        await changeApiKey(context.operatorOf(c), key.id, permissions);
        return context.redirect(c, '/api-keys', { tone: 'good', text: 'API key changed.' });
      });
    })
    .get('/api-keys/:id/revoke', async (c) => {
      const { id, name } = await findKey(context.store, c.req.param('id'));
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: `Revoke the key of ${name}?`,
        text: 'Requests with this key fail immediately.',
        action: `/api-keys/${id}/revoke`,
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

function hintOf(scope: ApiScope): string {
  const text = API_SCOPES[scope];
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.${HUB_SCOPES.includes(scope) ? ' Only for keys for all connections.' : ''}`;
}
