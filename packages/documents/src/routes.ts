/** The documents over HTTP, for everyone: they are the same for every hub. */
import { addThemeRoutes, createAsset, ICON_ASSET, IMMUTABLE_HEADERS, SAFE_HEADERS, themeOf, themeSwitch } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { type Documents, loadDocuments } from './documents.ts';
import { searchSections } from './search.ts';
import { documentPage, ICON_NAME, notFoundPage, SITE_STYLE_NAME, type SiteOptions, searchPage, sectionsOf, siteStyle } from './site.ts';

const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const FIVE_MINUTES = 'public, max-age=300';

/** @param base the path at which the application serves them, without a slash at the end */
export function documentRoutes(base: string): Hono {
  const style = createAsset('docs.css', siteStyle());
  const assets = new Map([
    [SITE_STYLE_NAME, style],
    [ICON_NAME, ICON_ASSET],
  ]);
  // Rendering takes a moment, and many hubs are never asked for a document.
  let loaded: { documents: Documents; sections: ReturnType<typeof sectionsOf> } | undefined;
  const all = () => {
    if (loaded === undefined) {
      const documents = loadDocuments();
      loaded = { documents, sections: sectionsOf(documents) };
    }
    return loaded;
  };
  const siteFor = (c: Context): SiteOptions => {
    const theme = themeOf(c);
    return {
      documents: all().documents,
      addressFrom: () => (name, anchor) => {
        const asset = assets.get(name);
        return `${base}${asset === undefined ? `/${name}` : asset.path}${anchor === '' ? '' : `#${anchor}`}`;
      },
      footer: html`<footer>${themeSwitch(c, base)}</footer>`,
      rootAttributes: theme === 'system' ? '' : html` data-theme="${theme}"`,
    };
  };
  const send = async (c: Context, text: Promise<string>, status: 200 | 404 = 200) =>
    c.html(await text, status, { ...SAFE_HEADERS, 'Content-Security-Policy': CONTENT_SECURITY_POLICY });

  const app = new Hono();
  for (const { path, text, type } of assets.values()) {
    app.get(path, (c) => c.body(text, 200, { ...IMMUTABLE_HEADERS, 'Content-Type': type }));
  }
  addThemeRoutes(app, (c) => {
    const referrer = c.req.header('Referer') ?? '';
    const path = URL.canParse(referrer) ? new URL(referrer).pathname : '';
    return path.startsWith(`${base}/`) ? path : `${base}/`;
  });
  app.get('/search', (c) => {
    const query = c.req.query('q') ?? '';
    return send(c, searchPage(siteFor(c), { query, matches: searchSections(all().sections, query) }));
  });
  app.get('/*', async (c) => {
    const name = c.req.path.slice(base.length + 1);
    const { pages, files } = all().documents;
    const page = pages.get(name);
    if (page !== undefined) {
      // Only the start page's address ends with a slash.
      return name === '' && !c.req.path.endsWith('/') ? c.redirect(`${base}/`) : send(c, documentPage(siteFor(c), page));
    }
    const file = files.get(name);
    if (file === undefined) return send(c, notFoundPage(siteFor(c)), 404);
    return c.text(file, 200, { 'Cache-Control': FIVE_MINUTES, 'X-Content-Type-Options': 'nosniff' });
  });
  return app;
}
