/** The frame of the site's pages: table of contents, the page, and its sections. Nothing needs a script when the hub serves it. */
import { readFileSync } from 'node:fs';
import { type Html, STYLE } from '@landbridge/web';
import { html, raw } from 'hono/html';
import type { AddressOf, DocumentPage, Documents } from './documents.ts';
import type { Match, SearchableSection } from './search.ts';

export interface SiteOptions {
  documents: Documents;
  /** Of a page, file, or asset (`assets/…`), relative to the page that links to it. */
  addressFrom: (page: string) => AddressOf;
  /** Parts that only one kind of site has. */
  head?: (page: string) => Html;
  footer?: Html;
  rootAttributes?: Html | string;
}

/** A page that is not a document. */
export const SEARCH_PAGE = 'search';

export function documentPage(site: SiteOptions, page: DocumentPage): Promise<string> {
  const to = site.addressFrom(page.name);
  const sections = page.sections.filter(({ depth }) => depth === 2);
  const main = html`<main id="main" tabindex="-1"><article>
<h1>${page.title}</h1>
${
  sections.length < 2
    ? ''
    : html`<nav class="sections" aria-label="On this page"><ul>${sections.map(({ anchor, heading }) => html`<li><a href="#${anchor}">${heading}</a></li>`)}</ul></nav>`
}
${raw(page.html(to))}
</article></main>`;
  return frame(site, { name: page.name, title: page.title, main, query: '' });
}

export function searchPage(site: SiteOptions, { query, matches }: { query: string; matches: readonly Match[] }): Promise<string> {
  const to = site.addressFrom(SEARCH_PAGE);
  const results = matches.map(
    ({
      page,
      title,
      anchor,
      heading,
      excerpt,
    }) => html`<li><a href="${to(page, anchor)}">${title}${heading === '' ? '' : ` › ${heading}`}</a>
<p class="quiet">${excerpt}</p></li>`,
  );
  const main = html`<main id="main" tabindex="-1"><article>
<h1>Search</h1>
<p id="found" role="status">${query === '' ? 'Type one or more words.' : `${matches.length === 0 ? 'Nothing' : matches.length} found for “${query}”.`}</p>
<ul class="matches" id="matches">${results}</ul>
</article></main>`;
  return frame(site, { name: SEARCH_PAGE, title: 'Search', main, query });
}

export function notFoundPage(site: SiteOptions): Promise<string> {
  const to = site.addressFrom('');
  const main = html`<main id="main" tabindex="-1"><article><h1>Page not found</h1>
<p>There is no document at this address. <a href="${to('', '')}">All documents</a></p></article></main>`;
  return frame(site, { name: '', title: 'Page not found', main, query: '' });
}

export function sectionsOf({ pages }: Documents): SearchableSection[] {
  return [...pages.values()].flatMap(({ name, title, sections }) =>
    sections.map(({ anchor, heading, text }) => ({ page: name, title, anchor, heading, text })),
  );
}

export const SITE_STYLE_NAME = 'assets/docs.css';
export const ICON_NAME = 'assets/icon.svg';

export function siteStyle(): string {
  return `${STYLE}\n${readFileSync(new URL('./assets/docs.css', import.meta.url), 'utf8')}`;
}

async function frame(site: SiteOptions, page: { name: string; title: string; main: Html; query: string }): Promise<string> {
  const { documents, addressFrom, head, footer, rootAttributes } = site;
  const to = addressFrom(page.name);
  const contents = documents.contents.map(
    ({ reader, names }) =>
      html`<h2>${reader}</h2><ul>${names.map((name) => {
        const title = documents.pages.get(name)?.title ?? name;
        return html`<li><a href="${to(name, '')}"${name === page.name ? html` aria-current="page"` : ''}>${title}</a></li>`;
      })}</ul>`,
  );
  const text = await html`<!doctype html>
<html lang="en"${rootAttributes ?? ''}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title} · Landbridge</title>
<link rel="icon" type="image/svg+xml" href="${to(ICON_NAME, '')}">
<link rel="stylesheet" href="${to(SITE_STYLE_NAME, '')}">
${head?.(page.name) ?? ''}
</head>
<body class="docs">
<a class="skip" href="#main">Skip to content</a>
<header class="masthead"><p class="brand"><a href="${to('', '')}">Landbridge documents</a></p>
<form class="search" action="${to(SEARCH_PAGE, '')}" role="search"><input type="search" name="q" value="${page.query}" aria-label="Search the documents" placeholder="Search" maxlength="100"><button class="quiet">Search</button></form>
</header>
<div class="columns">
<nav class="contents wide" aria-label="All documents">${contents}</nav>
<details class="contents small"><summary>All documents</summary><nav aria-label="All documents, menu">${contents}</nav></details>
${page.main}
</div>
${footer ?? ''}
</body>
</html>`;
  return String(text);
}
