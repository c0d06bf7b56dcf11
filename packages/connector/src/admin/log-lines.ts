/** Log lines for people: time, level, a sentence with what to do, and everything else folded. */
import type { LogRecord } from '@landbridge/runtime';
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';

const LEVEL_WORDS: Readonly<Record<string, string>> = { debug: 'debug', info: 'info', warn: 'warning', error: 'error', fatal: 'fatal' };
/** Shown in the line itself. */
const IN_LINE = new Set(['correlationId', 'user', 'err']);

export function logLine({ number, time, level, message, fields }: LogRecord): Html {
  const error = errorOf(fields.err);
  const others = Object.entries(fields).filter(([name]) => !IN_LINE.has(name));
  const folded = [...others, ...(error?.details ?? [])];
  return html`<li data-number="${number}"><time datetime="${time}">${time.replace('T', ' ').slice(0, 19)}</time>
<span class="level ${level}">${LEVEL_WORDS[level] ?? level}</span>
<div class="line"><p>${message}${typeof fields.user === 'string' ? html` <span class="who-line">${fields.user}</span>` : ''}</p>
${error === undefined ? '' : html`<p class="cause">${error.text}</p>${error.action === '' ? '' : html`<p class="action">${error.action}</p>`}`}
${folded.length === 0 && typeof fields.correlationId !== 'string' ? '' : html`<div class="more">${correlationLink(fields.correlationId)}${folded.length === 0 ? '' : html`<details><summary>${folded.length === 1 ? '1 field' : `${folded.length} fields`}</summary><dl>${folded.map(([name, value]) => html`<div><dt>${name}</dt><dd>${fieldText(value)}</dd></div>`)}</dl></details>`}</div>`}</div></li>`;
}

/** The same as one line of text. */
export function plainLine({ time, level, message, fields }: LogRecord): string {
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${fieldText(value)}`);
  return `${time} ${level} ${[message, ...rest].join(' ')}`.replaceAll('\n', '\\n');
}

function correlationLink(id: unknown): Html | string {
  if (typeof id !== 'string') return '';
  return html`<a href="/logs?correlationId=${encodeURIComponent(id)}">All of this sign-in<span class="hidden">: ${id}</span></a>`;
}

function errorOf(value: unknown): { text: string; action: string; details: [string, unknown][] } | undefined {
  if (typeof value !== 'object' || value === null || !('message' in value)) return undefined;
  const { code, message, action, cause, ...rest }: Record<string, unknown> = { ...value };
  const details: [string, unknown][] = Object.entries({ code, cause, ...rest }).filter(([, detail]) => detail !== undefined);
  return { text: String(message), action: typeof action === 'string' ? action : '', details };
}

function fieldText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
