/** The audit log: newest records first, searched, filtered, paged and exported. */
import { CodedError } from '@landbridge/runtime';
import { type Html, SAFE_HEADERS, table, time } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { auditExport, auditExportFormat, auditPage } from '../../audit/query.ts';
import type { AuditRecord } from '../../store/audit.ts';
import { choice } from '../lists.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

const PAGE = '50';
const TIMES = ['from', 'to'] as const;
const RARE_FILTERS = [
  ['subject', 'Subject'],
  ['actor', 'Actor'],
  ['instance', 'Connector'],
  ['correlationId', 'Correlation ID'],
] as const;
const NAMES = ['search', 'connection', 'action', 'result', ...RARE_FILTERS.map(([name]) => name), ...TIMES] as const;
type Typed = ReadonlyMap<(typeof NAMES)[number], string>;

export function auditRoutes(context: DashboardContext): Hono<DashboardEnv> {
  const { store } = context;

  async function filterForm(typed: Typed, connections: readonly string[]): Promise<Html> {
    const [actions, results, actors] = await Promise.all(
      (['action', 'result', 'actor'] as const).map(async (field) => store.auditValues(field)),
    );
    const all = (values: readonly string[] = []) => [['', 'All'], ...values.map((value) => [value, value] as const)] as const;
    const text = (name: (typeof NAMES)[number], label: string, suggestions: readonly string[] = []) =>
      html`<div class="field"><label for="filter-${name}">${label}</label><input id="filter-${name}" name="${name}" value="${typed.get(name) ?? ''}" maxlength="256" autocomplete="off" autocapitalize="none" spellcheck="false"${suggestions.length === 0 ? '' : html` list="${name}-list"`}>${suggestions.length === 0 ? '' : html`<datalist id="${name}-list">${suggestions.map((value) => html`<option value="${value}"></option>`)}</datalist>`}</div>`;
    const isRare = RARE_FILTERS.some(([name]) => typed.has(name));
    return html`<form class="filter" method="get" action="${DASHBOARD_PATH}/audit" role="search" aria-label="Audit log">
${text('search', 'Search')}
${text('connection', 'Connection', connections)}
${choice('action', 'Action', all(actions), typed.get('action') ?? '')}
${choice('result', 'Result', all(results), typed.get('result') ?? '')}
${TIMES.map(
  (name) =>
    html`<div class="field"><label for="filter-${name}">${name === 'from' ? 'From' : 'To'} (<span data-zone>UTC</span>)</label><input id="filter-${name}" name="${name}" type="datetime-local" data-utc value="${(typed.get(name) ?? '').replace(/Z$/, '')}"></div>`,
)}
<details class="more"${isRare ? html` open` : ''}><summary>More filters</summary><div class="filter">${RARE_FILTERS.map(([name, label]) => text(name, label, name === 'actor' ? actors : []))}</div></details>
<div class="actions"><button>Filter</button><a href="${DASHBOARD_PATH}/audit">Show all</a></div></form>`;
  }

  return new Hono<DashboardEnv>()
    .get('/audit', async (c) => {
      const typed = typedIn(c);
      const before = c.req.query('before');
      const connections = (await store.connections()).map(({ name }) => name);
      let problem = '';
      let found: Awaited<ReturnType<typeof auditPage>> = { records: [], next: undefined };
      try {
        found = await auditPage(store, { ...queryOf(typed), limit: PAGE, ...(before ? { before } : {}) });
      } catch (error) {
        if (!(error instanceof CodedError) || error.code !== 'INVALID_REQUEST') throw error;
        problem = `${error.message}.`;
      }
      const { records, next } = found;
      const address = (path: string, more: Record<string, string>) =>
        `${DASHBOARD_PATH}${path}?${new URLSearchParams({ ...Object.fromEntries(typed), ...more })}`;
      const columns = ['Time', 'Action', 'Result', 'Connection', 'Subject', 'Actor', 'Details'];
      const rows = records.map((record) => row(record, connections));
      const main = html`<div class="title"><h1>Audit log</h1>
<div class="actions"><a class="button plain" href="${address('/audit/export', { format: 'csv' })}" download>Export CSV</a><a class="button plain" href="${address('/audit/export', { format: 'jsonl' })}" download>Export JSON lines</a></div></div>
<section>${await filterForm(typed, connections)}</section>
<section>${problem === '' ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
<p class="hint">Times are in <span data-zone>UTC</span>.</p>
${table('Audit log', columns, rows, next === undefined ? 'No matching records.' : 'No matching records so far.')}
${next !== undefined && records.length < Number(PAGE) ? html`<p class="quiet">The search has not reached the oldest records yet.</p>` : ''}
<p class="actions">${before ? html`<a href="${address('/audit', {})}">Newest</a>` : ''}
${next === undefined ? '' : html`<a href="${address('/audit', { before: String(next) })}">Older</a>`}</p></section>`;
      return context.show(c, { title: 'Audit log', current: '/audit', main, status: problem === '' ? 200 : 400 });
    })
    .get('/audit/export', (c) => {
      const format = auditExportFormat.safeParse(c.req.query('format')).data;
      if (format === undefined) throw new CodedError('INVALID_REQUEST', '"format" must be csv or jsonl');
      const { type, parts } = auditExport(store, queryOf(typedIn(c)), format);
      const name = `audit-log-${new Date().toISOString().slice(0, 10)}.${format}`;
      return c.body(ReadableStream.from(encoded(parts)), 200, {
        ...SAFE_HEADERS,
        'Content-Type': type,
        'Content-Disposition': `attachment; filename="${name}"`,
      });
    });
}

async function* encoded(parts: AsyncGenerator<string>): AsyncGenerator<Uint8Array> {
  for await (const part of parts) yield Buffer.from(part, 'utf8');
}

function typedIn(c: Context<DashboardEnv>): Typed {
  return new Map(
    NAMES.flatMap((name) => {
      const value = c.req.query(name)?.trim() ?? '';
      return value === '' ? [] : [[name, value] as const];
    }),
  );
}

/** Browsers send date and time without a zone. */
function queryOf(typed: Typed): Record<string, string> {
  return Object.fromEntries(
    [...typed].map(([name, value]) => [name, TIMES.some((each) => each === name) && !/Z$/.test(value) ? `${value}Z` : value]),
  );
}

function row(record: AuditRecord, connections: readonly string[]): (Html | string)[] {
  const { at, action, result, connection, subject, actor, remoteAddress, instance, correlationId, detail } = record;
  const filtered = (name: (typeof NAMES)[number], value: string, text: Html | string = value) =>
    html`<a class="filtering" href="${DASHBOARD_PATH}/audit?${new URLSearchParams({ [name]: value })}">${text}</a>`;
  const isConnection = connection !== undefined && connections.includes(connection);
  return [
    html`<span class="time">${time(at, '', true)}</span>`,
    html`<span class="word">${action}</span>`,
    html`<span class="word ${result === 'ok' ? 'good' : result === 'ok_from_cache' ? 'warn' : 'bad'}">${result}</span>`,
    connection === undefined
      ? '–'
      : isConnection
        ? html`<a href="${DASHBOARD_PATH}/connections/${connection}">${connection}</a>`
        : filtered('connection', connection),
    subject === undefined ? '–' : html`<span class="word">${filtered('subject', subject)}</span>`,
    html`<span class="word">${actor === 'user' ? actor : filtered('actor', actor)}</span>${remoteAddress === undefined ? '' : html`<span class="sub">${remoteAddress}</span>`}`,
    html`${detail ?? ''}${instance === undefined ? '' : html`<span class="sub">connector ${isConnection ? html`<a href="${DASHBOARD_PATH}/connections/${connection}/connectors/${instance}">${instance}</a>` : filtered('instance', instance)}</span>`}${
      correlationId === undefined ? '' : html`<span class="sub">${filtered('correlationId', correlationId)}</span>`
    }`,
  ];
}
