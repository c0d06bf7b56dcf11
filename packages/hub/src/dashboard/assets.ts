/** The style and the scripts of the dashboard: files of its own, under addresses that change with what is in them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { STYLE } from '../pages/style.ts';

export interface Asset {
  path: string;
  text: string;
  type: 'text/css; charset=utf-8' | 'text/javascript; charset=utf-8';
}

const read = (name: string) => readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');

const STYLES = ['frame.css', 'forms.css', 'tables.css', 'numbers.css'];

function asset(name: string, type: Asset['type'], text: string): Asset {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { path: `/assets/${hash}-${name}`, text, type };
}

/** The dashboard's style adds to that of all pages. */
export const ASSETS = {
  style: asset('dashboard.css', 'text/css; charset=utf-8', [String(STYLE), ...STYLES.map(read)].join('\n')),
  live: asset('live.js', 'text/javascript; charset=utf-8', read('live.js')),
  passkey: asset('passkey.js', 'text/javascript; charset=utf-8', read('passkey.js')),
} as const;
