/** The style and the scripts of the dashboard: files of its own, under addresses that change with what is in them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { APPLICATION_STYLE, LIVE_SCRIPT } from '@landbridge/web';

export interface Asset {
  path: string;
  text: string;
  type: 'text/css; charset=utf-8' | 'text/javascript; charset=utf-8';
}

const read = (name: string) => readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');

function asset(name: string, type: Asset['type'], text: string): Asset {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { path: `/assets/${hash}-${name}`, text, type };
}

export const ASSETS = {
  style: asset('dashboard.css', 'text/css; charset=utf-8', APPLICATION_STYLE),
  live: asset('live.js', 'text/javascript; charset=utf-8', LIVE_SCRIPT),
  passkey: asset('passkey.js', 'text/javascript; charset=utf-8', read('passkey.js')),
} as const;
