/** The style and the scripts of the console: files of its own, under addresses that change with what is in them; and the editor's modules as npm installed them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { APPLICATION_STYLE, LIVE_SCRIPT } from '@landbridge/web';

export interface Asset {
  path: string;
  text: string;
  type: 'text/css; charset=utf-8' | 'text/javascript; charset=utf-8';
}

const SCRIPT = 'text/javascript; charset=utf-8';
const read = (name: string) => readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');

function asset(name: string, type: Asset['type'], text: string): Asset {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { path: `/assets/${hash}-${name}`, text, type };
}

export const ASSETS = {
  style: asset('console.css', 'text/css; charset=utf-8', `${APPLICATION_STYLE}\n${read('console.css')}`),
  live: asset('live.js', SCRIPT, LIVE_SCRIPT),
  watch: asset('watch.js', SCRIPT, read('watch.js')),
  editor: asset('editor.js', SCRIPT, read('editor.js')),
} as const;

/** A mapper that does what the default one does, to start from. */
export const DEFAULT_MAPPER_SOURCE = read('default-mapper.js');

/** What the editor imports, and what that imports. */
const MODULES = [
  'codemirror',
  '@codemirror/autocomplete',
  '@codemirror/commands',
  '@codemirror/lang-javascript',
  '@codemirror/language',
  '@codemirror/lint',
  '@codemirror/search',
  '@codemirror/state',
  '@codemirror/streamparser',
  '@codemirror/view',
  '@lezer/common',
  '@lezer/highlight',
  '@lezer/javascript',
  '@lezer/lr',
  '@marijn/find-cluster-break',
  'crelt',
  'style-mod',
  'w3c-keyname',
] as const;

/** For an import map: the address of each module by its name. */
export const EDITOR_MODULES: Readonly<Record<string, string>> = Object.fromEntries(
  MODULES.map((name) => [name, `/assets/modules/${name.replace('/', '-')}.js`]),
);

const FILES = new Map<string, string>(Object.entries(EDITOR_MODULES).map(([name, path]) => [path, name]));

/** @returns the text of a module by its address; nothing else of the disk can be asked for */
export function editorModule(path: string): string | undefined {
  const name = FILES.get(path);
  return name === undefined ? undefined : readFileSync(fileURLToPath(import.meta.resolve(name)), 'utf8');
}
