/** Parts of pages: dots, times, tables, fields. `html` escapes all values. */
import { html } from 'hono/html';
import type { Html } from './page.ts';
import { ended } from './problems.ts';

/** `on`: green; `warn`: partly; `off`: red; `idle`: off on purpose. The label is visible too: colour alone would say nothing to some users. */
export function dot(kind: 'on' | 'warn' | 'off' | 'idle', label: string): Html {
  return html`<span class="state"><span class="dot ${kind}" aria-hidden="true"></span>${label}</span>`;
}

/** @returns the time in UTC, to the minute, or to the second if `exact` */
export function time(at: Date | undefined, none = 'never', exact = false): Html | string {
  if (at === undefined) return none;
  const text = at.toISOString().replace('T', ' ');
  return html`<time datetime="${at.toISOString()}">${exact ? text.slice(0, 19) : text.slice(0, 16)}</time>`;
}

export function milliseconds(ms: number | undefined): string {
  return ms === undefined ? '–' : ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** A column by which the table can be sorted. */
export interface SortableColumn {
  label: string;
  /** Where the table is sorted by it, or in the other direction. */
  href: string;
  sorted: 'ascending' | 'descending' | undefined;
}

/** The first cell names the row. In a narrow window each row becomes a card, with the column's name before each value. */
export function table(
  caption: string,
  columns: readonly (string | SortableColumn)[],
  rows: readonly (readonly (Html | string)[])[],
  empty: string,
): Html {
  if (rows.length === 0) return html`<p class="quiet">${empty}</p>`;
  const labels = columns.map((column) => (typeof column === 'string' ? column : column.label));
  return html`<div class="table"><table class="cards">
<caption class="hidden">${caption}</caption>
<thead><tr>${columns.map(columnHead)}</tr></thead>
<tbody>
${rows.map(
  ([first = '', ...cells]) => html`<tr><th scope="row">${first}</th>
${cells.map((cell, index) => html`<td data-column="${labels[index + 1] ?? ''}"><div>${cell}</div></td>`)}</tr>`,
)}
</tbody></table></div>`;
}

function columnHead(column: string | SortableColumn): Html {
  if (column === '') return html`<td></td>`;
  if (typeof column === 'string') return html`<th scope="col">${column}</th>`;
  const { label, href, sorted } = column;
  return html`<th scope="col"${sorted === undefined ? '' : html` aria-sort="${sorted}"`}><a class="sort" href="${href}">${label}</a></th>`;
}

export function tokenField(formToken: string): Html {
  return html`<input type="hidden" name="token" value="${formToken}">`;
}

export function field(
  name: string,
  label: string,
  { value = '', hint = '', type = 'text', required = true, autocomplete = 'off', autofocus = false, maxlength = 0, problem = '' } = {},
): Html {
  return html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="${autocomplete}" autocapitalize="none" spellcheck="false"${required ? html` required` : ''}${autofocus ? html` autofocus` : ''}${maxlength > 0 ? html` maxlength="${maxlength}"` : ''}${describedBy(name, hint, problem)}>
${fieldProblem(name, problem)}${hint === '' ? '' : html`<p class="hint" id="${name}-hint">${hint}</p>`}</div>`;
}

export function textArea(name: string, label: string, { value = '', hint = '', required = false, problem = '' } = {}): Html {
  return html`<div class="field"><label for="${name}">${label}</label>
<textarea id="${name}" name="${name}" rows="3" spellcheck="false"${required ? html` required` : ''}${describedBy(name, hint, problem)}>${value}</textarea>
${fieldProblem(name, problem)}<p class="hint" id="${name}-hint">${hint}</p></div>`;
}

function describedBy(name: string, hint: string, problem: string): Html | string {
  const ids = [...(problem === '' ? [] : [`${name}-problem`]), ...(hint === '' ? [] : [`${name}-hint`])];
  if (ids.length === 0) return '';
  return html` aria-describedby="${ids.join(' ')}"${problem === '' ? '' : html` aria-invalid="true"`}`;
}

/** What is wrong with a field, beside it. @param problem a predicate: `must be a domain` */
export function fieldProblem(name: string, problem: string): Html | string {
  if (problem === '') return '';
  return html`<p class="problem" id="${name}-problem">${ended(problem.charAt(0).toUpperCase() + problem.slice(1))}</p>`;
}

export function choiceField(name: string, label: string, choices: readonly { value: string; label: string }[], value: string): Html {
  return html`<div class="field"><label for="${name}">${label}</label>
<select id="${name}" name="${name}">${choices.map((choice) => html`<option value="${choice.value}"${choice.value === value ? html` selected` : ''}>${choice.label}</option>`)}</select></div>`;
}

export function fileField(name: string, label: string, { hint = '', accept = '', required = true } = {}): Html {
  return html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="file" accept="${accept}"${required ? html` required` : ''}${hint === '' ? '' : html` aria-describedby="${name}-hint"`}>
${hint === '' ? '' : html`<p class="hint" id="${name}-hint">${hint}</p>`}</div>`;
}

export function checkBox(name: string, label: string, checked: boolean, hint = '', problem = ''): Html {
  return html`<div class="check"><input type="checkbox" id="${name}" name="${name}" value="on"${checked ? html` checked` : ''}${describedBy(name, hint, problem)}>
<div><label for="${name}">${label}</label>${fieldProblem(name, problem)}${hint === '' ? '' : html`<p class="hint" id="${name}-hint">${hint}</p>`}</div></div>`;
}

/** Entries of a text area, one per line or separated by commas. */
export function entries(text: string | null): string[] {
  return (text ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
}
