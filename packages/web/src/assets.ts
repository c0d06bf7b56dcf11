/** Style and scripts of the administrators' pages: files under addresses that change with their content, so browsers may keep them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { STYLE } from './style.ts';

const TYPES = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' } as const;

export interface Asset {
  /** Below the base path of the site. */
  path: string;
  text: string;
  type: (typeof TYPES)[keyof typeof TYPES];
}

export const IMMUTABLE_HEADERS = {
  'Cache-Control': 'public, max-age=31536000, immutable',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** @param name its ending decides the type */
export function createAsset(name: `${string}.${keyof typeof TYPES}`, text: string): Asset {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const type = name.endsWith('.css') ? TYPES.css : name.endsWith('.js') ? TYPES.js : TYPES.svg;
  return { path: `/assets/${hash}-${name}`, text, type };
}

const read = (name: string) => readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');

export const APPLICATION_STYLE = [String(STYLE), ...['frame.css', 'menu.css', 'forms.css', 'tables.css', 'numbers.css'].map(read)].join(
  '\n',
);

/** Updates parts with `data-live` or `data-watch`, and adds a button to those with `data-copy`. Pages work without it. */
export const LIVE_ASSET = createAsset('live.js', read('live.js'));

/** The favicon: a bridge. */
export const ICON_ASSET = createAsset('icon.svg', read('icon.svg'));
