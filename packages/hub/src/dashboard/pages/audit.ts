/** The audit log: newest records first, filtered and paged. */
import { CodedError } from '@landbridge/runtime';
import { type Html, table, time } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { auditPage } from '../../audit/query.ts';
import type { AuditRecord } from '../../store/audit.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

const PAGE = '50';
const FILTERS = [
  ['connection', 'Connection', 'text'],
  ['subject', 'Subject', 'text'],
  ['actor', 'Actor', 'text'],
  ['action', 'Action', 'text'],
  ['result', 'Result', 'text'],
  ['correlationId', 'Correlation ID', 'text'],
  ['from', 'From (UTC)', 'datetime-local'],
  ['to', 'To (UTC)', 'datetime-local'],
] as const;
const TIMES = ['from', 'to'];

export function auditRoutes(context: DashboardContext): Hono<DashboardEnv> {
  return new Hono<DashboardEnv>().get('/audit', async (c) => {
    const typed = new Map(FILTERS.flatMap(([name]) => (c.req.query(name) ? [[name, c.req.query(name)?.trim() ?? '']] : [])));
    // Browsers send date and time without a zone.
    const filter = Object.fromEntries(
      [...typed].map(([name = '', value = '']) => [name, TIMES.includes(name) && !/Z$/.test(value) ? `${value}Z` : value]),
    );
    const before = c.req.query('before');
    let problem = '';
    let found: Awaited<ReturnType<typeof auditPage>> = { records: [], next: undefined };
    try {
      found = await auditPage(context.store, { ...filter, limit: PAGE, ...(before ? { before } : {}) });
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'INVALID_REQUEST') throw error;
      problem = `${error.message}.`;
    }
    const query = (more: Record<string, string>) => new URLSearchParams({ ...Object.fromEntries(typed), ...more }).toString();
    const main = html`<h1>Audit log</h1>
<section><form class="filter" method="get" action="${DASHBOARD_PATH}/audit" role="search" aria-label="Audit log">
${FILTERS.map(
  ([name, label, type]) =>
    html`<div class="field"><label for="${name}">${label}</label><input id="${name}" name="${name}" type="${type}" value="${typed.get(name) ?? ''}" autocomplete="off" spellcheck="false"></div>`,
)}
<div class="actions"><button>Filter</button><a href="${DASHBOARD_PATH}/audit">Show all</a></div></form></section>
<section>${problem === '' ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
${table('Audit log', ['Time (UTC)', 'Action', 'Result', 'Connection', 'Subject', 'Actor', 'Details'], found.records.map(row), 'No matching records.')}
<p class="actions">${before ? html`<a href="${DASHBOARD_PATH}/audit?${query({})}">Newest</a>` : ''}
${found.next === undefined ? '' : html`<a href="${DASHBOARD_PATH}/audit?${query({ before: String(found.next) })}">Older</a>`}</p></section>`;
    return context.show(c, { title: 'Audit log', current: '/audit', main, status: problem === '' ? 200 : 400 });
  });
}

function row({
  at,
  action,
  result,
  connection,
  subject,
  actor,
  remoteAddress,
  instance,
  correlationId,
  detail,
}: AuditRecord): (Html | string)[] {
  return [
    html`<span class="time">${time(at, '', true)}</span>`,
    html`<span class="word">${action}</span>`,
    html`<span class="word ${result === 'ok' ? 'good' : result === 'ok_from_cache' ? 'warn' : 'bad'}">${result}</span>`,
    connection ?? '–',
    subject ?? '–',
    html`<span class="word">${actor}</span>${remoteAddress === undefined ? '' : html`<span class="sub">${remoteAddress}</span>`}`,
    html`${detail ?? ''}${instance === undefined ? '' : html`<span class="sub">connector ${instance}</span>`}${
      correlationId === undefined
        ? ''
        : html`<span class="sub"><a href="${DASHBOARD_PATH}/audit?correlationId=${encodeURIComponent(correlationId)}">${correlationId}</a></span>`
    }`,
  ];
}
