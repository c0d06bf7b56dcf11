/** Style and script of pages with navigation, tables and numbers: the hub's dashboard and the connector's console. */
import { readFileSync } from 'node:fs';
import { STYLE } from './style.ts';

const read = (name: string) => readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');

export const APPLICATION_STYLE = [String(STYLE), ...['frame.css', 'forms.css', 'tables.css', 'numbers.css'].map(read)].join('\n');

/** Keeps parts with `data-live` up to date, and gives those with `data-copy` a button. Pages work without it. */
export const LIVE_SCRIPT = read('live.js');
