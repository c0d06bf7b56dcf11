/** The newest log lines, live and filtered; downloading the log, and clearing it. */
import { Readable } from 'node:stream';
import type { LogFilter, LogLevel, LogRecord } from '@landbridge/runtime';
import { choiceField, confirmation, field, type Html } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { type ConsoleContext, type ConsoleEnv, download } from '../page-context.ts';

const SHOWN_LINES = 300;
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export function logRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>()
    .get('/logs', (c) => {
      const filter = filterOf(c.req.query('level'), c.req.query('user'), c.req.query('correlationId'));
      const main = html`<div class="title"><h1>Logs</h1><div class="actions"><a class="button plain" href="/logs/download">Download</a><a class="button danger" href="/logs/clear">Clear</a></div></div>
<section><form class="filter" method="get" action="/logs">
${choiceField('level', 'Level', [{ value: '', label: 'all' }, ...LEVELS.map((level) => ({ value: level, label: `${level} and above` }))], filter.level ?? '')}
${field('user', 'User name', { value: filter.user ?? '', required: false })}
${field('correlationId', 'Correlation ID', { value: filter.correlationId ?? '', required: false })}
<div class="actions"><button>Filter</button><a href="/logs">Show all</a></div></form></section>
<section aria-label="Lines"><ul class="log" id="lines" data-watch tabindex="0" aria-label="Log lines, newest first">${lines(context, filter)}</ul></section>`;
      return context.show(c, { title: 'Logs', current: '/logs', main });
    })
    .get('/logs/download', async (c) => {
      const text =
        context.logFile === undefined
          ? Readable.from(context.logWindow.lines().map((line) => `${plain(line)}\n`))
          : await context.logFile.read();
      return download(c, 'connector.log', 'text/plain; charset=utf-8', Readable.toWeb(text) as ReadableStream);
    })
    .get('/logs/clear', (c) => {
      const main = confirmation(context.tokenOf(c), {
        heading: 'Clear the log?',
        text: html`<p>This deletes all lines shown here${context.logFile === undefined ? '' : ' and the files in logs/'}.</p>`,
        action: '/logs/clear',
        button: 'Clear log',
        back: '/logs',
      });
      return context.show(c, { title: 'Clear the log', current: '/logs', main });
    })
    .post('/logs/clear', async (c) => {
      context.logWindow.clear();
      await context.logFile?.clear();
      // Explains missing lines to later readers.
      context.log.warn('Log cleared by the console');
      return context.redirect(c, '/logs', { tone: 'good', text: 'Log cleared.' });
    });
}

function filterOf(level = '', user = '', correlationId = ''): LogFilter {
  const known = LEVELS.find((one) => one === level);
  return {
    ...(known !== undefined && { level: known }),
    ...(user.trim() !== '' && { user: user.trim() }),
    ...(correlationId.trim() !== '' && { correlationId: correlationId.trim() }),
  };
}

function lines({ logWindow }: ConsoleContext, filter: LogFilter): Html {
  const found = logWindow.lines(filter, SHOWN_LINES).reverse();
  if (found.length === 0) return html`<li class="quiet">No matching lines.</li>`;
  return html`${found.map(({ time, level, message, fields }) => html`<li><time datetime="${time}">${time.replace('T', ' ').slice(0, 23)}</time> <span class="level ${level}">${level}</span> ${message} <span class="fields">${fieldsText(fields)}</span></li>`)}`;
}

function fieldsText(fields: LogRecord['fields']): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

function plain({ time, level, message, fields }: LogRecord): string {
  return `${time} ${level} ${message} ${fieldsText(fields)}`.replaceAll('\n', '\\n');
}
