/** Alerts: the open ones, past ones, and whether the messages about them arrived. */
import { dot, type Html, table, time } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { recordChange } from '../../operator.ts';
import type { AlertChannel, AlertKind, AlertMessage, StoredAlert } from '../../store/alerts.ts';
import { buttonForm } from '../elements.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

const PAGE = 50;
const KINDS: Readonly<Record<AlertKind, string>> = {
  connector: 'Connector',
  directory: 'Directory',
  expiry: 'Expiry',
  spraying: 'Password spraying',
  audit: 'Audit log',
};
const CHANNELS: Readonly<Record<AlertChannel, string>> = { webhook: 'Webhook', mail: 'E-mail' };

export function alertRoutes(context: DashboardContext): Hono<DashboardEnv> {
  const { store, alerts } = context;

  function channelSection(token: string, mayTest: boolean): Html {
    const channels = alerts.channels();
    return html`<section aria-labelledby="channels"><div class="title"><h2 id="channels">Where alerts are sent</h2>
${mayTest && channels.length > 0 ? buttonForm(token, '/alerts/test', 'Send a test message') : ''}</div>
${table(
  'Channels',
  ['Channel', 'Target'],
  channels.map(({ channel, target }) => [CHANNELS[channel], target]),
  'Nowhere yet: alerts are on this page and in the log only.',
)}
<p class="hint">Set in the settings of the hub, <code>ALERT_WEBHOOK_URL</code> and <code>ALERT_SMTP_URL</code>.</p></section>`;
  }

  return new Hono<DashboardEnv>()
    .get('/alerts', async (c) => {
      const before = Number(c.req.query('before') ?? Number.NaN);
      const [open, past] = await Promise.all([store.openAlerts(), store.alerts(PAGE, Number.isNaN(before) ? undefined : new Date(before))]);
      const messages = await store.alertMessages([...open, ...past].map(({ id }) => id));
      const rowsOf = (list: readonly StoredAlert[]) => list.map((alert) => alertRow(alert, messages));
      const columns = ['Alert', 'State', 'Raised', 'Resolved', 'Messages'];
      const last = past.at(-1);
      const main = html`<h1>Alerts</h1>
<section aria-labelledby="open"><h2 id="open">Open</h2><div id="open-alerts" data-live>${table('Open alerts', columns, rowsOf(open), 'No open alerts.')}</div></section>
${channelSection(context.tokenOf(c), context.may(c, 'POST /alerts/test'))}
<section aria-labelledby="past"><h2 id="past">Last 90 days</h2>
${table('All alerts', columns, rowsOf(past.filter(({ resolvedAt }) => resolvedAt !== undefined)), 'No resolved alerts.')}
${past.length === PAGE && last !== undefined ? html`<p><a href="${DASHBOARD_PATH}/alerts?before=${last.raisedAt.getTime()}">Older</a></p>` : ''}</section>`;
      return context.show(c, { title: 'Alerts', current: '/alerts', main });
    })
    .post('/alerts/test', async (c) => {
      const results = await alerts.test();
      await recordChange(context.operatorOf(c), { action: 'alert.test' });
      const failed = results.filter(({ failure }) => failure !== undefined);
      const text = results.map(({ channel, failure }) => `${CHANNELS[channel]}: ${failure ?? 'accepted'}.`).join(' ');
      return context.redirect(c, '/alerts', { tone: failed.length === 0 ? 'good' : 'bad', text: text || 'Alerts are sent nowhere.' });
    });
}

function alertRow({ id, kind, connection, text, raisedAt, resolvedAt }: StoredAlert, all: readonly AlertMessage[]): (Html | string)[] {
  const messages = all.filter(({ alertId }) => alertId === id);
  return [
    html`${connection === undefined ? text : html`<a href="${DASHBOARD_PATH}/connections/${connection}">${text}</a>`}<span class="sub">${KINDS[kind]}</span>`,
    resolvedAt === undefined ? dot('off', 'Open') : dot('on', 'Resolved'),
    time(raisedAt),
    time(resolvedAt, '–'),
    messages.length === 0
      ? '–'
      : html`${messages.map(
          ({ channel, event, sentAt, nextAt, attempts, failure }) =>
            html`<span class="line">${CHANNELS[channel]}, ${event}: ${sentAt !== undefined ? html`sent ${time(sentAt)}` : nextAt === undefined ? 'given up' : 'waiting'}${failure === undefined ? '' : html`<span class="sub warn">${attempts} attempts; ${failure}</span>`}</span>`,
        )}`,
  ];
}
