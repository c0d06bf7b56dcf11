/** The page of one connection: its switch, connectors, settings, ticket, and its end. */

import { CodedError } from '@landbridge/runtime';
import { checkBox, dot, entries, field, type Html, textArea, time, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { changeConnection, deleteConnection, findConnection } from '../../connections/connections.ts';
import { CONNECTION_SETTINGS, type ConnectionField, connectionFields } from '../../store/connection-settings.ts';
import type { Connection } from '../../store/connections.ts';
import { renewTicket, revokeTicket, ticketUrl } from '../../tickets/tickets.ts';
import { healthOf } from '../connection-health.ts';
import { buttonForm, dashboardConfirmation } from '../elements.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';
import { connectorTable } from './connectors.ts';
import { ticketMessage } from './overview.ts';

/** The texts and switches of the settings form: saved, or typed and rejected. */
type Typed = Readonly<Record<string, string | boolean>>;

export function connectionRoutes(context: DashboardContext): Hono<DashboardEnv> {
  const nameOf = (c: Context<DashboardEnv>) => c.req.param('name') ?? '';

  async function page(c: Context<DashboardEnv>, connection: Connection, typed: Typed = saved(connection), problem = ''): Promise<Response> {
    const { name, enabled, ticketIssuedAt } = connection;
    const base = `/connections/${name}`;
    const token = context.tokenOf(c);
    const health = healthOf(connection, context.online);
    const main = html`<div class="title"><div><p class="crumb"><a href="${DASHBOARD_PATH}">Overview</a></p><h1>${name}</h1>
<p id="health" data-live>${dot(health.kind, health.label)}</p></div>
<div class="actions"><a class="button" href="${DASHBOARD_PATH}${base}/try">Try a sign-in</a>
${buttonForm(token, `${base}/${enabled ? 'disable' : 'enable'}`, enabled ? 'Switch off' : 'Switch on')}</div></div>
${enabled ? '' : html`<p class="notice bad">This connection is switched off: its connectors stay connected, and nobody signs in.</p>`}
<section aria-labelledby="connectors"><h2 id="connectors">Connectors</h2>
<div id="connector-list" data-live>${await connectorTable(context, connection)}</div></section>
<section aria-labelledby="ticket"><h2 id="ticket">Ticket</h2>
<p>With the ticket a connector becomes one of this connection. ${ticketIssuedAt === undefined ? 'There is none: no connector can be added.' : html`The present one was issued ${time(ticketIssuedAt)}; it is not kept, and cannot be shown again.`}</p>
<div class="actions"><a class="button plain" href="${DASHBOARD_PATH}${base}/ticket">${ticketIssuedAt === undefined ? 'Issue a ticket' : 'Issue a new ticket'}</a>
${ticketIssuedAt === undefined ? '' : html`<a class="button plain" href="${DASHBOARD_PATH}${base}/ticket/revoke">Revoke the ticket</a>`}</div></section>
<section aria-labelledby="settings"><h2 id="settings">Settings</h2>
${problem === '' ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
<form class="wide" method="post" action="${DASHBOARD_PATH}${base}/settings">${tokenField(token)}
<div class="columns"><div>${settingInputs(typed, (kind) => kind !== 'switch')}</div><div>${settingInputs(typed, (kind) => kind === 'switch')}</div></div>
<button>Save</button></form></section>
<section aria-labelledby="delete"><h2 id="delete">Delete</h2>
<p>Its ticket and its connectors go with it; people who use it can no longer sign in.</p>
<p><a class="button danger" href="${DASHBOARD_PATH}${base}/delete">Delete this connection</a></p></section>`;
    return context.show(c, { title: name, current: '', main, status: problem === '' ? 200 : 400 });
  }

  async function deletePage(c: Context<DashboardEnv>, problem = ''): Promise<Response> {
    const { name } = await findConnection(context.store, nameOf(c));
    const main = dashboardConfirmation(context.tokenOf(c), {
      heading: `Delete ${name}?`,
      text: 'Its ticket and its connectors go with it, for ever.',
      action: `/connections/${name}/delete`,
      button: 'Delete',
      back: `/connections/${name}`,
      more: html`${problem === '' ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
${field('typed', 'Type the name of the connection', { autofocus: true })}`,
    });
    return context.show(c, { title: `Delete ${name}`, current: '', main, status: problem === '' ? 200 : 400 });
  }

  return new Hono<DashboardEnv>()
    .get('/connections/:name', async (c) => page(c, await findConnection(context.store, nameOf(c))))
    .post('/connections/:name/enable', async (c) => {
      await changeConnection(context.operatorOf(c), nameOf(c), { enabled: true });
      return context.redirect(c, `/connections/${nameOf(c)}`, { tone: 'good', text: 'The connection is switched on.' });
    })
    .post('/connections/:name/disable', async (c) => {
      await changeConnection(context.operatorOf(c), nameOf(c), { enabled: false });
      return context.redirect(c, `/connections/${nameOf(c)}`, { tone: 'good', text: 'The connection is switched off.' });
    })
    .post('/connections/:name/settings', async (c) => {
      const typed = read(c.get('form'));
      const changes = Object.entries(typed).map(([name, value]) => [
        name,
        isList(name) && typeof value === 'string' ? entries(value) : value,
      ]);
      try {
        await changeConnection(context.operatorOf(c), nameOf(c), Object.fromEntries(changes));
      } catch (error) {
        if (!(error instanceof CodedError) || (error.code !== 'INVALID_REQUEST' && error.code !== 'EMAIL_DOMAIN_TAKEN')) throw error;
        return page(c, await findConnection(context.store, nameOf(c)), typed, `${error.message}.`);
      }
      return context.redirect(c, `/connections/${nameOf(c)}`, { tone: 'good', text: 'The settings are saved.' });
    })
    .get('/connections/:name/ticket', async (c) => {
      const { name, ticketIssuedAt } = await findConnection(context.store, nameOf(c));
      const had = ticketIssuedAt !== undefined;
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: had ? 'Issue a new ticket?' : 'Issue a ticket?',
        text: had ? 'The present one is void from then on. Connectors that are registered stay so.' : 'Connectors can be added with it.',
        action: `/connections/${name}/ticket`,
        button: 'Issue',
        back: `/connections/${name}`,
        danger: false,
      });
      return context.show(c, { title: `Ticket of ${name}`, current: '', main });
    })
    .post('/connections/:name/ticket', async (c) => {
      const ticket = await renewTicket(context.operatorOf(c), nameOf(c));
      return context.redirect(
        c,
        `/connections/${nameOf(c)}`,
        ticketMessage(ticketUrl(context.publicUrl(), ticket), 'The new ticket is issued.'),
      );
    })
    .get('/connections/:name/ticket/revoke', async (c) => {
      const { name } = await findConnection(context.store, nameOf(c));
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: 'Revoke the ticket?',
        text: 'No connector can be added until you issue another. Connectors that are registered stay so.',
        action: `/connections/${name}/ticket/revoke`,
        button: 'Revoke the ticket',
        back: `/connections/${name}`,
      });
      return context.show(c, { title: `Ticket of ${name}`, current: '', main });
    })
    .post('/connections/:name/ticket/revoke', async (c) => {
      await revokeTicket(context.operatorOf(c), nameOf(c));
      return context.redirect(c, `/connections/${nameOf(c)}`, { tone: 'good', text: 'The ticket is revoked.' });
    })
    .get('/connections/:name/delete', (c) => deletePage(c))
    .post('/connections/:name/delete', async (c) => {
      if (c.get('form').get('typed')?.trim() !== nameOf(c)) return deletePage(c, 'This is not the name of the connection.');
      await deleteConnection(context.operatorOf(c), nameOf(c));
      return context.redirect(c, '', { tone: 'good', text: `The connection ${nameOf(c)} is deleted.` });
    });
}

const SETTINGS = connectionFields(CONNECTION_SETTINGS);

function settingInputs(typed: Typed, isShown: (kind: ConnectionField['kind']) => boolean): Html[] {
  return SETTINGS.filter(({ kind }) => isShown(kind)).map(({ name, kind, label, description }) => {
    const value = typed[name];
    if (kind === 'switch') return checkBox(name, label, value === true, description);
    if (kind === 'list') return textArea(name, label, { value: String(value ?? ''), hint: `${description} One per line.` });
    return field(name, label, { value: String(value ?? ''), required: false, maxlength: 100, hint: description });
  });
}

function isList(name: string): boolean {
  return SETTINGS.some((setting) => setting.name === name && setting.kind === 'list');
}

function saved({ settings }: Connection): Typed {
  const texts = Object.entries(settings).map(([name, value]) => [name, Array.isArray(value) ? value.join('\n') : (value ?? '')]);
  return Object.fromEntries(texts);
}

function read(form: URLSearchParams): Typed {
  return Object.fromEntries(SETTINGS.map(({ name, kind }) => [name, kind === 'switch' ? form.has(name) : (form.get(name) ?? '')]));
}
