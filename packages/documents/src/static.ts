/** `npm run docs`: the documents as static files in `build/docs/`, for any web server or for reading from the disk. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { ICON_ASSET } from '@landbridge/web';
import { html } from 'hono/html';
import { loadDocuments } from './documents.ts';
import { documentPage, ICON_NAME, SEARCH_PAGE, SITE_STYLE_NAME, type SiteOptions, searchPage, sectionsOf, siteStyle } from './site.ts';

const OUTPUT = join(import.meta.dirname, '../../../build/docs');

/** @param folder is emptied first @returns the number of pages */
export async function writeSite(folder: string): Promise<number> {
  const documents = loadDocuments();
  const { pages, files } = documents;
  const fileOf = (name: string) => (name === '' ? 'index.html' : pages.has(name) || name === SEARCH_PAGE ? `${name}.html` : name);
  const rootFrom = (page: string) => '../'.repeat(page.split('/').length - 1);
  const site: SiteOptions = {
    documents,
    addressFrom: (page) => (name, anchor) => `${rootFrom(page)}${fileOf(name)}${anchor === '' ? '' : `#${anchor}`}`,
    head: (page) =>
      page === SEARCH_PAGE ? html`<script src="assets/search-index.js"></script><script src="assets/search.js"></script>` : html``,
  };
  const written = new Map<string, string>([
    [SITE_STYLE_NAME, siteStyle()],
    [ICON_NAME, ICON_ASSET.text],
    // Scripts, not JSON and modules: a browser loads neither from the disk.
    ['assets/search-index.js', `const sections = ${JSON.stringify(sectionsOf(documents))};\n`],
    ['assets/search.js', browserScript()],
    [fileOf(SEARCH_PAGE), await searchPage(site, { query: '', matches: [] })],
    ...files,
  ]);
  for (const page of pages.values()) written.set(fileOf(page.name), await documentPage(site, page));
  rmSync(folder, { recursive: true, force: true });
  for (const [name, text] of written) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return pages.size;
}

/** The search of the hub's site, and what shows its results. */
function browserScript(): string {
  const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
  const shared = stripTypeScriptTypes(read('./search.ts')).replaceAll(/^export /gm, '');
  return `(() => {\n${shared}\n${read('./assets/static-search.js')}})();\n`;
}

if (import.meta.main) console.log(`${await writeSite(OUTPUT)} documents in build/docs`);
