/** Parts that several pages of the console have: what went wrong, what checks found, a setting's field. */
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';
import type { CheckResult } from '../troubleshoot/check.ts';
import { summary } from '../troubleshoot/report.ts';
import type { Trial } from './trial.ts';

export function alertOf(problem: string | undefined): Html | string {
  return problem === undefined ? '' : html`<p class="notice bad" role="alert">${problem}</p>`;
}

const MARKS: Record<CheckResult['status'], string> = { pass: 'ok', warn: 'warning', fail: 'failed', skipped: 'skipped' };

/** A part of the page that is fetched again and again until it is complete. */
export function watched(id: string, isComplete: boolean, content: Html): Html {
  return html`<div id="${id}" class="watched"${isComplete ? '' : html` data-watch`}>${content}</div>`;
}

export function trialPart(trial: Trial): Html {
  const state = trial.isOver() ? (trial.failure() ?? summary(trial.results)) : `Checking… ${summary(trial.results)}`;
  return html`<p role="status"><strong>${state}</strong></p>
<ul class="checks">${trial.results.filter(({ status }) => status !== 'skipped').map(checkItem)}
${trial.running().map((title) => html`<li><span class="mark running">checking</span><span>${title}</span></li>`)}</ul>
${trial.isOver() ? skippedPart(trial.results.filter(({ status }) => status === 'skipped')) : ''}`;
}

function checkItem(result: CheckResult): Html {
  return html`<li><span class="mark ${result.status}">${MARKS[result.status]}</span>
<span>${result.title}${result.target === undefined ? '' : ` (${result.target})`}</span><span class="ms">${result.ms} ms</span>
<p class="found">${result.found}</p>${result.action === undefined || result.status === 'pass' ? '' : html`<p class="action">${result.action}</p>`}</li>`;
}

function skippedPart(results: readonly CheckResult[]): Html | string {
  if (results.length === 0) return '';
  return html`<details><summary>${results.length} skipped</summary><ul class="checks">${results.map(checkItem)}</ul></details>`;
}

/** A select for few choices, a text area for texts of several lines. */
export function choiceField(name: string, label: string, choices: readonly { value: string; label: string }[], value: string): Html {
  return html`<div class="field"><label for="${name}">${label}</label>
<select id="${name}" name="${name}">${choices.map((choice) => html`<option value="${choice.value}"${choice.value === value ? html` selected` : ''}>${choice.label}</option>`)}</select></div>`;
}

export function fileField(name: string, label: string, { hint = '', accept = '', required = true } = {}): Html {
  return html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="file" accept="${accept}"${required ? html` required` : ''}${hint === '' ? '' : html` aria-describedby="${name}-hint"`}>
${hint === '' ? '' : html`<p class="hint" id="${name}-hint">${hint}</p>`}</div>`;
}
