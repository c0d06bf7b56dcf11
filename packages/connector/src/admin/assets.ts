/** Style and scripts of the console; and the editor's modules as npm installed them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { APPLICATION_STYLE, createAsset, type Html } from '@landbridge/web';
import { html, raw } from 'hono/html';

const read = (name: string) => readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');

export const CONSOLE_STYLE = createAsset('console.css', `${APPLICATION_STYLE}\n${read('console.css')}`);
/** Follows the log. */
export const FOLLOW_SCRIPT = createAsset('follow.js', read('follow.js'));
export const EDITOR_SCRIPT = createAsset('editor.js', read('editor.js'));

/** A mapper that does what the default one does, as a start. */
export const DEFAULT_MAPPER_SOURCE = read('default-mapper.js');

/** What the editor imports, directly or not. */
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

/** @returns the text of a module by its address; no other file can be read */
export function editorModule(path: string): string | undefined {
  const name = FILES.get(path);
  return name === undefined ? undefined : readFileSync(fileURLToPath(import.meta.resolve(name)), 'utf8');
}

/** What a page with the editor loads besides the other scripts. */
export function editorHead(nonce: string): Html {
  return html`<script type="importmap" nonce="${nonce}">${raw(JSON.stringify({ imports: EDITOR_MODULES }))}</script>
<script type="module" src="${EDITOR_SCRIPT.path}" nonce="${nonce}"></script>`;
}
