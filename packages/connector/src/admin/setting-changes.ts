/** Changed settings as rows of a table, without secrets. */
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';
import type { SettingChange } from '../transfer/differences.ts';

const SHOWN_CHARACTERS = 120;

export function changeRows(changes: readonly SettingChange[]): (Html | string)[][] {
  return changes.map(({ name, change, before, after, hidden }) => [
    html`<code>${name}</code>`,
    change,
    ...(hidden === undefined ? [shown(before), shown(after)] : [`(${hidden})`, `(${hidden})`]),
  ]);
}

function shown(value: unknown): string {
  if (value === undefined) return '–';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)` : text;
}
