import assert from 'node:assert/strict';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { examinePage, launchChromium, whyNoChromium } from '@landbridge/lab';
import { Hono } from 'hono';
import { loadDocuments } from './documents.ts';
import { documentRoutes } from './routes.ts';
import { searchSections } from './search.ts';
import { sectionsOf } from './site.ts';
import { writeSite } from './static.ts';

const app = new Hono().route('/docs', documentRoutes('/docs'));
/** For each reader; the decisions have an index of their own. */
const isListedElsewhere = (name: string) => name === '' || name.startsWith('decisions/');

async function serve(t: TestContext): Promise<string> {
  const server = createServer(getRequestListener(app.fetch));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return `http://127.0.0.1:${address.port}/docs/`;
}

function siteOnDisk(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-docs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('the table of contents lists every document once', () => {
  const { pages, contents } = loadDocuments();
  const listed = contents.flatMap(({ names }) => names);
  assert.equal(contents.length, 5);
  assert.deepEqual(listed.toSorted(), [...pages.keys()].filter((name) => !isListedElsewhere(name)).sort());
});

test('every document has a title, and its links lead to a document and a section, or to a file', async () => {
  const { pages } = loadDocuments();
  for (const [name, { title }] of pages) {
    assert.notEqual(title, '', name);
    const response = await app.request(`/docs/${name}`);
    assert.equal(response.status, 200, name);
    const html = await response.text();
    for (const [, href = ''] of html.matchAll(/href="(\/docs\/[^"]*)"/g)) {
      const [path = '', anchor = ''] = href.split('#');
      const linked = await app.request(path);
      assert.equal(linked.status, 200, `${name}: ${href}`);
      if (anchor !== '') assert.ok((await linked.text()).includes(`id="${anchor}"`), `${name}: ${href}`);
    }
    assert.doesNotMatch(html, /\{\{|href="(?!https?:|#|\/docs\/)/, name);
  }
});

test('each help link of dashboard and console leads to a document and a section', async () => {
  const root = join(import.meta.dirname, '..', '..', '..');
  const topics = globSync(['packages/connector/src/admin/**/*.ts', 'packages/hub/src/dashboard/**/*.ts'], { cwd: root }).flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\bhelp(?:: |\()'([^']+)'|_HELP = '([^']+)'/g)].map(
      ([, one, other]) => one ?? other ?? '',
    ),
  );
  assert.ok(topics.length > 15, topics.join());
  for (const topic of new Set(topics)) {
    const [name = '', anchor] = topic.split('#');
    const page = await app.request(`/docs/${name}`);
    assert.equal(page.status, 200, topic);
    if (anchor !== undefined) assert.ok((await page.text()).includes(`id="${anchor}"`), topic);
  }
});

test('an unknown document is not found, and no path leads out of the documents', async () => {
  for (const path of [
    '/docs/nothing',
    '/docs/..%2fpackage.json',
    '/docs/package.json',
    '/docs/%2e%2e/README.md',
    '/docs/decisions/../../package',
  ]) {
    const response = await app.request(path);
    assert.equal(response.status, 404, path);
  }
  assert.match(await (await app.request('/docs/monitoring/prometheus-alerts.yml')).text(), /^# Alert rules/);
  assert.equal((await app.request('/docs')).headers.get('Location'), '/docs/');
});

test('a search finds an error by its code and a setting by its name, and shows the query as text', async () => {
  const sections = sectionsOf(loadDocuments());
  assert.deepEqual(searchSections(sections, 'CONFIG_NOT_JSON')[0]?.page, 'errors');
  assert.ok(searchSections(sections, 'ldap_search_query').some(({ page }) => page === 'configuration'));
  assert.deepEqual(searchSections(sections, 'no-such-word-anywhere'), []);
  assert.deepEqual(searchSections(sections, '  '), []);
  assert.ok(searchSections(sections, 'a'.repeat(1e6)).length === 0);
  const shown = await (await app.request(`/docs/search?q=${encodeURIComponent('<script>alert(1)</script>')}`)).text();
  assert.ok(!shown.includes('<script'));
  assert.match(shown, /Nothing found for “&lt;script&gt;/);
});

test('the static site has the same documents, and every link in it leads to a file', async (t) => {
  const folder = siteOnDisk(t);
  const count = await writeSite(folder);
  const { pages } = loadDocuments();
  assert.equal(count, pages.size);
  for (const name of pages.keys()) {
    const file = join(folder, name === '' ? 'index.html' : `${name}.html`);
    for (const [, href = ''] of readFileSync(file, 'utf8').matchAll(/(?:href|src|action)="(?!https?:|#)([^"#]*)/g)) {
      assert.ok(existsSync(join(dirname(file), href)), `${name}: ${href}`);
    }
  }
});

test('the documents work in wide, narrow, light and dark windows, and with the keyboard', { skip: whyNoChromium() }, async (t) => {
  const url = await serve(t);
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(url);
  await page.getByRole('navigation', { name: 'All documents', exact: true }).getByRole('link', { name: 'Running the hub' }).click();
  await page.getByRole('heading', { name: 'Running the hub', level: 1 }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Running the hub' }).first().getAttribute('aria-current'), 'page');
  await page.getByRole('searchbox').fill('hub-key rotate');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Search' }).waitFor();
  await page.getByRole('main').getByRole('link').first().click();
  assert.match(page.url(), /#/);
  await page.getByRole('button', { name: 'Dark' }).click();
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');

  const context = await browser.newContext();
  const looked = await context.newPage();
  for (const name of ['', 'configuration', 'operations', 'decisions', 'search?q=kerberos', 'nothing']) {
    await looked.goto(`${url}${name}`);
    await examinePage(looked, `docs-${name.replace(/\W/g, '-') || 'start'}`);
  }
});

test('the search of the static site works from the disk', { skip: whyNoChromium() }, async (t) => {
  const folder = siteOnDisk(t);
  await writeSite(folder);
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await (await browser.newContext()).newPage();
  await page.goto(pathToFileURL(join(folder, 'decisions', '044-packages.html')).href);
  await page.getByRole('searchbox').fill('CONFIG_NOT_JSON');
  await page.keyboard.press('Enter');
  await page.getByRole('main').getByRole('link').first().click();
  await page.getByRole('heading', { name: 'Errors', level: 1 }).waitFor();
});
