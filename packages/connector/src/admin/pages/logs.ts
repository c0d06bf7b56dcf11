/** The newest log lines, filtered and followed; downloading the log, and clearing it. */
import { Readable } from 'node:stream';
import { type LogFilter, type LogLevel, printableLines } from '@landbridge/runtime';
import { choiceField, confirmation, field, type Html } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { logLine, plainLine } from '../log-lines.ts';
import { type ConsoleContext, type ConsoleEnv, download } from '../page-context.ts';

const SHOWN_LINES = 300;
/** Without scripts. */
const FOLLOW_SECONDS = 5;
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export function logRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>()
    .get('/logs', (c) => {
      const filter = filterOf(c);
      const isFollowing = c.req.query('follow') === 'on';
      const query = queryOf(filter);
      const found = context.logWindow.lines(filter, SHOWN_LINES).reverse();
      const after = found[0]?.number ?? context.logWindow.lines({}, 1)[0]?.number ?? 0;
      const followed = isFollowing ? html` data-follow="/logs/lines?${query}" data-after="${after}" aria-live="polite"` : '';
      const follow = isFollowing
        ? html`<a class="button plain" href="/logs?${query}">Stop following</a>`
        : html`<a class="button" href="/logs?${query}&amp;follow=on">Follow</a>`;
      const main = html`<div class="title"><div><h1>Logs</h1><p class="quiet">The newest lines first, times in UTC. ${isFollowing ? 'New lines appear by themselves.' : ''}</p></div><div class="actions">${follow}<a class="button plain" href="/logs/download">Download</a><a class="button danger" href="/logs/clear">Clear</a></div></div>
<section><form class="filter" method="get" action="/logs">${isFollowing ? html`<input type="hidden" name="follow" value="on">` : ''}
${field('q', 'Search', { value: filter.text ?? '', required: false, maxlength: 200 })}
${choiceField('level', 'Level', [{ value: '', label: 'all' }, ...LEVELS.map((level) => ({ value: level, label: `${level} and above` }))], filter.level ?? '')}
${field('user', 'User name', { value: filter.user ?? '', required: false })}
${field('correlationId', 'Correlation ID', { value: filter.correlationId ?? '', required: false })}
<div class="actions"><button>Filter</button><a href="/logs${isFollowing ? '?follow=on' : ''}">Show all</a></div></form></section>
<section aria-label="Lines"><ul class="log" id="lines" tabindex="0" aria-label="Log lines, newest first"${followed}>${
        found.length === 0 ? html`<li class="quiet">No matching lines.</li>` : found.map(logLine)
      }</ul></section>`;
      const refreshSeconds = isFollowing ? FOLLOW_SECONDS : undefined;
      return context.show(c, { title: 'Logs', current: '/logs', help: 'console#the-pages', main, refreshSeconds });
    })
    .get('/logs/lines', async (c) => {
      const after = Number(c.req.query('after'));
      const filter = { ...filterOf(c), after: Number.isSafeInteger(after) ? after : 0 };
      const lines: Html = html`<ul>${context.logWindow.lines(filter, SHOWN_LINES).reverse().map(logLine)}</ul>`;
      return c.html(printableLines(String(await lines)));
    })
    .get('/logs/download', async (c) => {
      const text =
        context.logFile === undefined
          ? Readable.from(context.logWindow.lines().map((line) => `${plainLine(line)}\n`))
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

function filterOf(c: Context<ConsoleEnv>): LogFilter {
  const text = (name: string) => (c.req.query(name) ?? '').trim();
  const [search, user, correlationId] = [text('q'), text('user'), text('correlationId')];
  const level = LEVELS.find((one) => one === text('level'));
  return {
    ...(level !== undefined && { level }),
    ...(search !== '' && { text: search }),
    ...(user !== '' && { user }),
    ...(correlationId !== '' && { correlationId }),
  };
}

function queryOf({ text, ...others }: LogFilter): string {
  return new URLSearchParams({
    ...(text !== undefined && { q: text }),
    ...Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)])),
  }).toString();
}
