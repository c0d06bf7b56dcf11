/** The page of one connection: state, connectors, ticket, settings, deletion. */
import { PACKAGES_PATH } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { checkBox, entries, field, type Html, table, textArea, time, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { changeConnection, deleteConnection, findConnection } from '../../connections/connections.ts';
import { CONNECTION_SETTINGS, type ConnectionField, connectionFields } from '../../store/connection-settings.ts';
import type { Connection } from '../../store/connections.ts';
import { issueTicket, newestTicket, revokeTickets, ticketUrl } from '../../tickets/tickets.ts';
import { activitySection } from '../charts.ts';
import { buttonForm, dashboardConfirmation, NOT_REJECTED, type RejectedInput, rejectedBy, rejectionNotice } from '../elements.ts';
import { findHealth, healthDot } from '../health-dot.ts';
import { systemOf } from '../install-lines.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';
import { connectorList } from './connectors.ts';
import { ticketMessage } from './overview.ts';

/** The texts and switches of the settings form: saved, or typed and rejected. */
type Typed = Readonly<Record<string, string | boolean>>;

export function connectionRoutes(context: DashboardContext): Hono<DashboardEnv> {
  const nameOf = (c: Context<DashboardEnv>) => c.req.param('name') ?? '';

  async function page(
    c: Context<DashboardEnv>,
    connection: Connection,
    typed: Typed = saved(connection),
    problem = NOT_REJECTED,
  ): Promise<Response> {
    const { name, enabled } = connection;
    const ticket = await newestTicket(context.store, connection, context.enrolmentHours);
    const base = `/connections/${name}`;
    const token = context.tokenOf(c);
    const mayChange = context.may(c, 'POST /connections/:name/settings');
    const connectors = await connectorList(context, c, connection, mayChange);
    const main = html`<div class="title"><div><p class="crumb"><a href="${DASHBOARD_PATH}">Overview</a></p><h1>${name}</h1>
<p id="health" data-live>${healthDot(await findHealth(context, connection))}</p></div>
${
  mayChange
    ? html`<div class="actions"><a class="button" href="${DASHBOARD_PATH}${base}/try">Try a sign-in</a>
${enabled ? html`<a class="button plain" href="${DASHBOARD_PATH}${base}/disable">Disable</a>` : buttonForm(token, `${base}/enable`, 'Enable')}</div>`
    : ''
}</div>
${enabled ? '' : html`<p class="notice bad">This connection is disabled: its connectors stay connected, but users cannot sign in.</p>`}
<section aria-labelledby="connectors"><div class="title"><h2 id="connectors">Connectors</h2>
${mayChange ? html`<a class="button plain" href="${DASHBOARD_PATH}${base}/ticket">Add a connector</a>` : ''}</div>
${connectors.controls}<div id="connector-list" class="notices" data-live>${connectors.table}</div></section>
${await activitySection(context.history, { path: base, asked: c.req.query('hours'), connection: name })}
<section aria-labelledby="ticket"><h2 id="ticket">Tickets</h2>
<p>${ticket === undefined ? 'There is no ticket, so no connector can enrol.' : ticketText(ticket)}</p>
${
  mayChange && ticket !== undefined
    ? html`<div class="actions"><a class="button plain" href="${DASHBOARD_PATH}${base}/ticket/revoke">Revoke all tickets</a></div>`
    : ''
}</section>
<section aria-labelledby="settings"><h2 id="settings">Settings</h2>
${rejectionNotice(problem, LABELS)}
<form class="wide" method="post" action="${DASHBOARD_PATH}${base}/settings">${tokenField(token)}
<fieldset class="plain"${mayChange ? '' : html` disabled`}><div class="columns"><div>${settingInputs(typed, problem, (kind) => kind !== 'switch')}</div><div>${settingInputs(typed, problem, (kind) => kind === 'switch')}</div></div></fieldset>
${mayChange ? html`<button>Save</button>` : html`<p class="quiet">Your role may not change settings.</p>`}</form></section>
${
  mayChange
    ? html`<section aria-labelledby="delete"><h2 id="delete">Delete</h2>
<p>Also deletes its tickets and connectors. Its users can no longer sign in.</p>
<p><a class="button danger" href="${DASHBOARD_PATH}${base}/delete">Delete this connection</a></p></section>`
    : ''
}`;
    return context.show(c, { title: name, current: '', main, status: problem.text === '' ? 200 : 400 });
  }

  async function deletePage(c: Context<DashboardEnv>, problem = ''): Promise<Response> {
    const { name } = await findConnection(context.store, nameOf(c));
    const main = dashboardConfirmation(context.tokenOf(c), {
      heading: `Delete ${name}?`,
      text: 'Also deletes its tickets and connectors. This cannot be undone.',
      action: `/connections/${name}/delete`,
      button: 'Delete',
      back: `/connections/${name}`,
      more: html`${problem === '' ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
${field('typed', 'Type the connection name to confirm', { autofocus: true })}`,
    });
    return context.show(c, { title: `Delete ${name}`, current: '', main, status: problem === '' ? 200 : 400 });
  }

  return new Hono<DashboardEnv>()
    .get('/connections/:name', async (c) => page(c, await findConnection(context.store, nameOf(c))))
    .post('/connections/:name/enable', async (c) => {
      await changeConnection(context.operatorOf(c), nameOf(c), { enabled: true });
      return context.redirect(c, `/connections/${nameOf(c)}`, { tone: 'good', text: 'Connection enabled.' });
    })
    .get('/connections/:name/disable', async (c) => {
      const { name } = await findConnection(context.store, nameOf(c));
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: `Disable ${name}?`,
        text: 'Its users can no longer sign in until you enable it again. Its connectors stay connected.',
        action: `/connections/${name}/disable`,
        button: 'Disable',
        back: `/connections/${name}`,
      });
      return context.show(c, { title: `Disable ${name}`, current: '', main });
    })
    .post('/connections/:name/disable', async (c) => {
      await changeConnection(context.operatorOf(c), nameOf(c), { enabled: false });
      return context.redirect(c, `/connections/${nameOf(c)}`, { tone: 'good', text: 'Connection disabled.' });
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
        return page(c, await findConnection(context.store, nameOf(c)), typed, rejectedBy(error));
      }
      return context.redirect(c, `/connections/${nameOf(c)}`, { tone: 'good', text: 'Settings saved.' });
    })
    .get('/connections/:name/ticket', async (c) => {
      const { name, settings } = await findConnection(context.store, nameOf(c));
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: `Add a connector to ${name}`,
        text: settings.approveConnectors
          ? 'Issues a ticket, a secret address with which a connector registers. This connection requires approval, so the connector then waits for yours.'
          : `Issues a ticket, a secret address that enrols one connector within ${context.enrolmentHours} hours. Any further connector waits for your approval.`,
        action: `/connections/${name}/ticket`,
        button: 'Issue a ticket',
        back: `/connections/${name}`,
        danger: false,
        more: html`<p>Does the connector show a code? <a href="${DASHBOARD_PATH}/code">Enrol it by the code</a>: then it needs no ticket.</p>${downloads(context)}`,
      });
      return context.show(c, { title: `Add a connector to ${name}`, current: '', main });
    })
    .post('/connections/:name/ticket', async (c) => {
      const ticket = await issueTicket(context.operatorOf(c), nameOf(c));
      return context.redirect(
        c,
        `/connections/${nameOf(c)}`,
        ticketMessage(
          context,
          ticketUrl(context.publicUrl(), ticket),
          `Ticket issued. It enrols one connector within ${context.enrolmentHours} hours.`,
        ),
      );
    })
    .get('/connections/:name/ticket/revoke', async (c) => {
      const { name } = await findConnection(context.store, nameOf(c));
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: 'Revoke all tickets?',
        text: 'No connector can enrol until you issue a new ticket. Enrolled connectors are not affected, except that an Auth0 connector needs a new ticket before its next start.',
        action: `/connections/${name}/ticket/revoke`,
        button: 'Revoke all tickets',
        back: `/connections/${name}`,
      });
      return context.show(c, { title: `Ticket of ${name}`, current: '', main });
    })
    .post('/connections/:name/ticket/revoke', async (c) => {
      await revokeTickets(context.operatorOf(c), nameOf(c));
      return context.redirect(c, `/connections/${nameOf(c)}`, { tone: 'good', text: 'Tickets revoked.' });
    })
    .get('/connections/:name/delete', (c) => deletePage(c))
    .post('/connections/:name/delete', async (c) => {
      if (c.get('form').get('typed')?.trim() !== nameOf(c)) return deletePage(c, 'The name does not match.');
      await deleteConnection(context.operatorOf(c), nameOf(c));
      return context.redirect(c, '', { tone: 'good', text: `Connection "${nameOf(c)}" deleted.` });
    });
}

/** The packages of the connector, for those who install before they issue a ticket. */
function downloads({ offered }: DashboardContext): Html | '' {
  const packages = offered.packages();
  const newest = packages.filter(({ program, version }) => program === 'connector' && version === offered.newestConnector());
  if (newest.length === 0) return '';
  return html`<details><summary>Packages of the connector</summary>${table(
    'Packages',
    ['System', 'File', 'SHA-256'],
    newest.map((each) => [
      systemOf(each),
      html`<a href="${PACKAGES_PATH}/${each.name}">${each.name}</a>`,
      html`<code>${each.sha256}</code>`,
    ]),
    '',
  )}</details>`;
}

function ticketText({ issuedAt, state, openUntil }: NonNullable<Awaited<ReturnType<typeof newestTicket>>>): Html {
  const texts = {
    open: html`The ticket issued ${time(issuedAt)} enrols one connector until ${time(openUntil)}. It cannot be shown again, because only its hash is stored.`,
    used: html`The ticket issued ${time(issuedAt)} has enrolled its connector. A further connector needs its own ticket, or your approval.`,
    expired: html`The ticket issued ${time(issuedAt)} no longer enrols a connector without your approval.`,
  };
  return texts[state];
}

const SETTINGS = connectionFields(CONNECTION_SETTINGS);
const LABELS = Object.fromEntries(SETTINGS.map(({ name, label }) => [name, label]));

function settingInputs(typed: Typed, { fields }: RejectedInput, isShown: (kind: ConnectionField['kind']) => boolean): Html[] {
  return SETTINGS.filter(({ kind }) => isShown(kind)).map(({ name, kind, label, description }) => {
    const value = typed[name];
    const problem = fields[name] ?? '';
    if (kind === 'switch') return checkBox(name, label, value === true, description, problem);
    if (kind === 'list') return textArea(name, label, { value: String(value ?? ''), hint: `${description} One per line.`, problem });
    // No maxlength: a browser would cut a pasted link without a word, while the schema says what is wrong.
    return field(name, label, { value: String(value ?? ''), required: false, hint: description, problem });
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
