/** The first page: the state of all connections and recent sign-ins. Also creates connections. */
import { CodedError } from '@landbridge/runtime';
import { field, type Html, milliseconds, table, time, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import type { AuditCopyStatus } from '../../audit/copies.ts';
import { createConnection } from '../../connections/connections.ts';
import { CONNECTION_STATES, type ConnectionHealth, expectedSince, healthOf } from '../../connectors/connection-health.ts';
import type { OnlineConnectors } from '../../connectors/online.ts';
import type { RaisedAlarm } from '../../sign-in/spray-alarms.ts';
import type { StoredAlert } from '../../store/alerts.ts';
import type { Connection, ConnectionCounts } from '../../store/connections.ts';
import { issueTicket, ticketUrl, ticketWarning } from '../../tickets/tickets.ts';
import type { SignInActivity } from '../activity.ts';
import { activitySection } from '../charts.ts';
import { NOT_REJECTED, rejectedBy, rejectionNotice } from '../elements.ts';
import { healthDot, STATE_LABELS } from '../health-dot.ts';
import { installLines } from '../install-lines.ts';
import { listOf } from '../lists.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

export function overviewRoutes(context: DashboardContext): Hono<DashboardEnv> {
  const { store, activity } = context;

  async function newConnectionPage(c: Context<DashboardEnv>, name = '', problem = NOT_REJECTED): Promise<Response> {
    const main = html`<section class="narrow"><h1>New connection</h1><p>Create one for each directory. Its name is part of tickets and addresses and cannot be changed.</p>
${rejectionNotice(problem, { name: 'Name' })}
<form method="post" action="${DASHBOARD_PATH}/new-connection">${tokenField(context.tokenOf(c))}
${field('name', 'Name', { value: name, autofocus: true, maxlength: 64, hint: 'Letters, digits, dots, hyphens and underscores. Example: corp', problem: problem.fields.name ?? '' })}
<div class="actions"><button>Create</button><a href="${DASHBOARD_PATH}">Cancel</a></div></form></section>`;
    return context.show(c, { title: 'New connection', current: '', main, status: problem.text === '' ? 200 : 400 });
  }

  return new Hono<DashboardEnv>()
    .get('/', async (c) => {
      const [connections, counts] = await Promise.all([store.connections(), store.connectionCounts(expectedSince())]);
      const rows = connections.map((connection): ConnectionRow => {
        const ofThis = counts.get(connection.id) ?? { instances: 0, expected: 0, pendingKeys: 0, addressRequests: 0 };
        const health = healthOf(connection, ofThis, context.online);
        return { connection, counts: ofThis, health, hour: activity.last(60, connection.name) };
      });
      const list = connectionList(context, c, rows);
      const known = rows.reduce((sum, { counts: { instances } }) => sum + instances, 0);
      const main = html`<div class="title"><h1>Overview</h1>${
        context.may(c, 'POST /new-connection')
          ? html`<div class="actions"><a class="button plain" href="${DASHBOARD_PATH}/code">Enrol by a code</a><a class="button" href="${DASHBOARD_PATH}/new-connection">New connection</a></div>`
          : ''
      }</div>
<div id="alarms" class="notices" data-live>${context.sprayAlarms.recent().map(sprayNotice)}${(await context.auditCopies.status()).map(copyNotice)}${(await store.openAlerts()).map(alertNotice)}</div>
<div id="numbers" data-live class="tiles">${tiles(known, context.online, activity)}</div>
<section aria-labelledby="connections"><h2 id="connections">Connections</h2>
${list.controls}<div id="connection-list" data-live>${list.table}</div></section>
${await activitySection(context.history, { path: '', asked: c.req.query('hours') })}`;
      return context.show(c, { title: 'Overview', current: '', main });
    })
    .get('/new-connection', (c) => newConnectionPage(c))
    .post('/new-connection', async (c) => {
      const name = c.get('form').get('name')?.trim() ?? '';
      try {
        await createConnection(context.operatorOf(c), name);
        const ticket = await issueTicket(context.operatorOf(c), name);
        return context.redirect(
          c,
          `/connections/${name}`,
          ticketMessage(context, ticketUrl(context.publicUrl(), ticket), `Connection "${name}" created.`),
        );
      } catch (error) {
        if (!(error instanceof CodedError) || error.code === 'STORE_FAILED') throw error;
        return newConnectionPage(c, name, rejectedBy(error));
      }
    });
}

function sprayNotice({ connection, users, at }: RaisedAlarm): Html {
  return html`<p class="notice bad" role="alert">Password spraying on <a href="${DASHBOARD_PATH}/connections/${connection}">${connection}</a>: one password was wrong for ${users} users (${at.toISOString()}). It is slowed down; the audit log shows the attempts.</p>`;
}

/** The others have a notice of their own. */
function alertNotice({ kind, text, raisedAt }: StoredAlert): Html | '' {
  if (kind === 'spraying' || text.startsWith('The audit log is not copied')) return '';
  return html`<p class="notice bad" role="alert"><span>${text} <span class="quiet">(<a href="${DASHBOARD_PATH}/alerts">alert</a> of ${time(raisedAt)})</span></span></p>`;
}

function copyNotice({ target, unsent, lost, failure }: AuditCopyStatus): Html | '' {
  if (failure === undefined && lost === 0) return '';
  const missing = lost === 0 ? '' : ` ${lost} older records never arrived there: they reached their retention limit first.`;
  if (failure === undefined) return html`<p class="notice bad" role="alert">The audit log is copied to ${target} again.${missing}</p>`;
  return html`<p class="notice bad" role="alert">The audit log has not been copied to ${target} since ${failure.since.toISOString()}: ${failure.text}. ${unsent} records are waiting.${missing}</p>`;
}

/** Shown once, with the commands to run beside the directory. */
export function ticketMessage({ offered, publicUrl }: DashboardContext, url: string, text: string) {
  return {
    tone: 'good' as const,
    text: [
      text,
      'Run the command for your system, as root or administrator, on the machine beside the directory. It contains the ticket, a secret that enrols one connector and is shown only once.',
      ticketWarning(url),
    ]
      .filter((part) => part !== undefined)
      .join(' '),
    secrets: [...installLines(offered.packages(), publicUrl(), url), { label: 'Ticket only', value: url }],
  };
}

function tiles(known: number, online: OnlineConnectors, activity: SignInActivity): Html[] {
  const connected = new Set(
    online
      .all()
      .filter(({ open, draining }) => open && !draining)
      .map(({ instance }) => instance),
  ).size;
  const minute = activity.last(1);
  const hour = activity.last(60);
  const tile = (label: string, value: string | number, note: string) =>
    html`<div class="tile"><p class="label">${label}</p><p class="value">${value}</p><p class="note">${note}</p></div>`;
  return [
    tile('Connectors online', connected, known === 0 ? 'none enrolled yet' : `of ${known}`),
    tile(
      'Sign-ins this minute',
      minute.ok,
      `${hour.ok} in the last hour${hour.fromCache === 0 ? '' : `, ${hour.fromCache} from the cache`}`,
    ),
    tile('Failures in the last hour', hour.failed, `${hour.refused} refused`),
    tile(
      'Median sign-in time',
      milliseconds(hour.p50Ms),
      hour.p95Ms === undefined ? 'none in the last hour' : `95th percentile ${milliseconds(hour.p95Ms)}`,
    ),
  ];
}

interface ConnectionRow {
  connection: Connection;
  counts: ConnectionCounts;
  health: ConnectionHealth;
  hour: ReturnType<SignInActivity['last']>;
}

function connectionList(context: DashboardContext, c: Context<DashboardEnv>, all: readonly ConnectionRow[]) {
  const list = listOf(c, all, {
    path: '',
    noun: 'connections',
    keep: c.req.query('hours') === undefined ? {} : { hours: c.req.query('hours') ?? '' },
    idOf: ({ connection }) => connection.name,
    textsOf: ({ connection }) => [connection.name, connection.settings.displayName, ...connection.settings.emailDomains],
    sorts: {
      name: { label: 'Name', of: ({ connection }) => connection.name },
      state: { label: 'State', of: ({ health }) => CONNECTION_STATES.indexOf(health.state) },
      signins: { label: 'Sign-ins / h', of: ({ hour }) => hour.ok },
      failures: { label: 'Failures / h', of: ({ hour }) => hour.failed },
      refused: { label: 'Refused / h', of: ({ hour }) => hour.refused },
      p95: { label: 'p95', of: ({ hour }) => hour.p95Ms ?? 0 },
    },
    filters: {
      state: {
        label: 'State',
        choices: CONNECTION_STATES.map((state) => [state, STATE_LABELS[state]] as const),
        matches: ({ health }, state) => health.state === state,
      },
    },
  });
  const mayTry = context.may(c, 'POST /connections/:name/try');
  const rows = list.rows.map(({ connection, counts, health, hour }) => {
    const { displayName } = connection.settings;
    const online = new Set(context.online.of(connection.id).map(({ instance }) => instance)).size;
    return [
      html`<a href="${DASHBOARD_PATH}/connections/${connection.name}">${connection.name}</a>${displayName === undefined ? '' : html`<span class="sub">${displayName}</span>`}`,
      healthDot(health),
      html`${online} of ${counts.instances}${counts.pendingKeys === 0 ? '' : html` <span class="sub warn">${counts.pendingKeys} pending approval</span>`}${counts.addressRequests === 0 ? '' : html` <span class="sub warn">new sign-in address</span>`}`,
      String(hour.ok),
      String(hour.failed),
      String(hour.refused),
      milliseconds(hour.p95Ms),
      mayTry
        ? html`<a href="${DASHBOARD_PATH}/connections/${connection.name}/try">Try<span class="hidden"> ${connection.name}</span></a>`
        : '',
    ];
  });
  const { column } = list;
  const columns = [column('name'), column('state'), 'Online', column('signins'), column('failures'), column('refused'), column('p95'), ''];
  const empty = list.emptyText('No connections yet. Create one for your directory.');
  return { controls: list.controls, table: html`${table('Connections', columns, rows, empty)}${list.pager}` };
}
