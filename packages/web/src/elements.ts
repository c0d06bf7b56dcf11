/** Parts that several pages have: dots, times, tables, fields. Whatever comes from outside is escaped by `html`. */
import { html } from 'hono/html';
import type { Html } from './page.ts';

/** `on`: green; `off`: red; `idle`: neither, because somebody wants it so. The word stands beside it: colour alone tells nothing. */
export function dot(kind: 'on' | 'off' | 'idle', label: string): Html {
  return html`<span class="state"><span class="dot ${kind}" aria-hidden="true"></span>${label}</span>`;
}

/** @returns the time in UTC, to the second or the minute */
export function time(at: Date | undefined, none = 'never', exact = false): Html | string {
  if (at === undefined) return none;
  const text = at.toISOString().replace('T', ' ');
  return html`<time datetime="${at.toISOString()}">${exact ? text.slice(0, 19) : text.slice(0, 16)}</time>`;
}

export function milliseconds(ms: number | undefined): string {
  return ms === undefined ? '–' : ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** In a narrow window each row becomes a card, with the column's name before each value. The first cell is the row's name. */
export function table(caption: string, columns: readonly string[], rows: readonly (readonly (Html | string)[])[], empty: string): Html {
  if (rows.length === 0) return html`<p class="quiet">${empty}</p>`;
  return html`<div class="table"><table class="cards">
<caption class="hidden">${caption}</caption>
<thead><tr>${columns.map((column) => (column === '' ? html`<td></td>` : html`<th scope="col">${column}</th>`))}</tr></thead>
<tbody>
${rows.map(
  ([first = '', ...cells]) => html`<tr><th scope="row">${first}</th>
${cells.map((cell, index) => html`<td data-column="${columns[index + 1] ?? ''}"><div>${cell}</div></td>`)}</tr>`,
)}
</tbody></table></div>`;
}

export function tokenField(formToken: string): Html {
  return html`<input type="hidden" name="token" value="${formToken}">`;
}

export function field(
  name: string,
  label: string,
  { value = '', hint = '', type = 'text', required = true, autocomplete = 'off', autofocus = false, maxlength = 0 } = {},
): Html {
  const described = hint === '' ? '' : html` aria-describedby="${name}-hint"`;
  return html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="${autocomplete}" autocapitalize="none" spellcheck="false"${required ? html` required` : ''}${autofocus ? html` autofocus` : ''}${maxlength > 0 ? html` maxlength="${maxlength}"` : ''}${described}>
${hint === '' ? '' : html`<p class="hint" id="${name}-hint">${hint}</p>`}</div>`;
}

export function textArea(name: string, label: string, { value = '', hint = '', required = false } = {}): Html {
  return html`<div class="field"><label for="${name}">${label}</label>
<textarea id="${name}" name="${name}" rows="3" spellcheck="false"${required ? html` required` : ''} aria-describedby="${name}-hint">${value}</textarea>
<p class="hint" id="${name}-hint">${hint}</p></div>`;
}

export function checkBox(name: string, label: string, checked: boolean, hint = ''): Html {
  return html`<div class="check"><input type="checkbox" id="${name}" name="${name}" value="on"${checked ? html` checked` : ''}${hint === '' ? '' : html` aria-describedby="${name}-hint"`}>
<div><label for="${name}">${label}</label>${hint === '' ? '' : html`<p class="hint" id="${name}-hint">${hint}</p>`}</div></div>`;
}

/** Entries of a text area: one a line, or with commas between. */
export function entries(text: string | null): string[] {
  return (text ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
}
