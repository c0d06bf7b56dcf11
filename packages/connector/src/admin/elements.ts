/** Shared by several console pages: check runs, parts that update while something runs, entries and profiles. */
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';
import type { CheckResult } from '../troubleshoot/check.ts';
import { summary } from '../troubleshoot/report.ts';
import type { CheckRun } from './check-run.ts';
import { offeredPart, type TrustForm } from './offered-certificate.ts';

const MARKS: Record<CheckResult['status'], string> = { pass: 'ok', warn: 'warning', fail: 'failed', skipped: 'skipped' };

/** A part of the page that updates until it is complete. */
export function watched(id: string, isComplete: boolean, content: Html): Html {
  return html`<div id="${id}" class="watched"${isComplete ? '' : html` data-watch`}>${content}</div>`;
}

/** @param trust for certificates of unknown issuers; undefined: they are not offered */
export function checkRunPart(checkRun: CheckRun, trust?: TrustForm): Html {
  const item = (result: CheckResult) => checkItem(result, trust);
  const state = checkRun.isOver() ? (checkRun.failure() ?? summary(checkRun.results)) : `Checking… ${summary(checkRun.results)}`;
  return html`<p role="status"><strong>${state}</strong></p>
<ul class="checks">${checkRun.results.filter(({ status }) => status !== 'skipped').map(item)}
${checkRun.running().map((title) => html`<li><span class="mark running">checking</span><span>${title}</span></li>`)}</ul>
${checkRun.isOver() ? skippedPart(checkRun.results.filter(({ status }) => status === 'skipped')) : ''}`;
}

function checkItem(result: CheckResult, trust?: TrustForm): Html {
  return html`<li><span class="mark ${result.status}">${MARKS[result.status]}</span>
<span>${result.title}${result.target === undefined ? '' : ` (${result.target})`}</span><span class="ms">${result.ms} ms</span>
<p class="found">${result.found}</p>${result.action === undefined || result.status === 'pass' ? '' : html`<p class="action">${result.action}</p>`}
${result.offered === undefined || trust === undefined ? '' : offeredPart(result.offered, trust)}</li>`;
}

function skippedPart(results: readonly CheckResult[]): Html | string {
  if (results.length === 0) return '';
  return html`<details><summary>${results.length} skipped</summary><ul class="checks">${results.map((result) => checkItem(result))}</ul></details>`;
}

/** A part that scrolls, by keyboard too. */
export function codePart(label: string, text: string): Html {
  return html`<pre class="tall code" tabindex="0" role="group" aria-label="${label}">${text}</pre>`;
}

const LONGEST_VALUE = 2000;

/** An entry or a profile as readable JSON: binary values become their size, and long values are cut. */
export function jsonPart(label: string, value: unknown): Html {
  return codePart(label, JSON.stringify(value, (_, inner: unknown) => readable(inner), 2) ?? 'undefined');
}

function readable(value: unknown): unknown {
  // JSON.stringify calls toJSON of buffers first.
  if (isBufferJson(value)) return `(${value.data.length} bytes)`;
  return typeof value === 'string' && value.length > LONGEST_VALUE
    ? `${value.slice(0, LONGEST_VALUE)}… (${value.length} characters)`
    : value;
}

function isBufferJson(value: unknown): value is { type: 'Buffer'; data: unknown[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value &&
    Array.isArray(value.data)
  );
}
