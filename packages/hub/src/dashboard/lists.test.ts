import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { createConnection } from '../connections/connections.ts';
import { createClient } from '../oidc/clients.ts';

/** A hub with `count` connections and an administrator. `namesOn` reads the first column of a page's table. */
async function start(t: TestContext, count: number) {
  const under = await startHubForTest(t);
  const operator = operatorForTest(under.store);
  for (let n = 0; n < count; n++) await createConnection(operator, `site-${String(n).padStart(3, '0')}`);
  const { browser } = await signedInBrowser(under.store, 'anna');
  const open = async (address: string) => (await browser.open(`${under.hub.publicUrl}${address}`)).text;
  return { ...under, operator, browser, open };
}

const namesOn = (page: string) => [...page.matchAll(/<th scope="row"><a[^>]*>([^<]+)</g)].map(([, name]) => name ?? '');
const linkOn = (page: string, rel: string) => new RegExp(`href="([^"]+)" rel="${rel}"`).exec(page)?.[1]?.replaceAll('&amp;', '&') ?? '';

test('a list of 120 connections has three pages, forwards and backwards', async (t) => {
  const { open } = await start(t, 120);
  const pages: string[][] = [];
  let page = await open('/dashboard');
  assert.match(page, /1 to 50 of 120 connections/);
  for (; linkOn(page, 'next') !== ''; page = await open(linkOn(page, 'next'))) pages.push(namesOn(page));
  pages.push(namesOn(page));
  assert.deepEqual(
    pages.map((names) => names.length),
    [50, 50, 20],
  );
  assert.equal(new Set(pages.flat()).size, 120);
  assert.deepEqual(namesOn(await open(linkOn(page, 'prev'))), pages[1]);
});

test('rows that appear before a page do not shift it', async (t) => {
  const { open, operator } = await start(t, 60);
  const second = linkOn(await open('/dashboard'), 'next');
  const before = namesOn(await open(second));
  await createConnection(operator, 'a-new-one');
  assert.deepEqual(namesOn(await open(second)), before);
});

test('a list is searched, filtered and sorted by its address', async (t) => {
  const { open, operator } = await start(t, 30);
  assert.deepEqual(namesOn(await open('/dashboard?q=SITE-01')).length, 10);
  assert.equal(namesOn(await open('/dashboard?sort=-name'))[0], 'site-029');
  assert.match(
    await open('/dashboard?sort=-name'),
    /<th scope="col" aria-sort="descending"><a class="sort" href="\/dashboard\?sort=name">Name/,
  );
  assert.match(await open('/dashboard?q=nothing'), /No matching connections\./);
  assert.equal(namesOn(await open('/dashboard?state=inactive')).length, 30);
  assert.equal(namesOn(await open('/dashboard?state=down')).length, 0);
  for (const address of ['?sort=x', '?state=x', '?after=x', '?after=W10', '?before=bnVsbA']) {
    assert.equal(namesOn(await open(`/dashboard${address}`)).length, 30, address);
  }
  for (let n = 0; n < 12; n++)
    await createClient(operator, { name: `App ${n}`, redirectUris: ['https://app.example/cb'], public: n === 3 });
  assert.deepEqual(namesOn(await open('/dashboard/clients?type=public')), ['App 3']);
});

test('the audit log is searched by a part of any text, and exported as filtered', async (t) => {
  const { open, browser, hub, operator } = await start(t, 3);
  await operator.audit.record({
    actor: 'user',
    action: 'login',
    connection: 'site-001',
    subject: '=HYPERLINK("x")',
    result: 'ok',
    detail: 'a "quoted", text',
  });
  const rows = (page: string) => [...page.matchAll(/<th scope="row">/g)].length;
  assert.equal(rows(await open('/dashboard/audit?search=HYPERLINK')), 1);
  assert.equal(rows(await open('/dashboard/audit?search=site-00&action=connection.create')), 3);
  assert.equal(rows(await open('/dashboard/audit?search=100%25')), 0);
  assert.match(await open('/dashboard/audit'), /<option value="connection.create">/);

  const csv = await browser.open(`${hub.publicUrl}/dashboard/audit/export?format=csv&action=login`);
  assert.equal(csv.headers.get('content-disposition')?.replace(/\d{4}-\d\d-\d\d/, 'DAY'), 'attachment; filename="audit-log-DAY.csv"');
  const [head, line, end] = csv.text.split('\r\n');
  assert.equal(
    head,
    '"id","at","action","result","connection","subject","actor","remoteAddress","instance","correlationId","detail","hash"',
  );
  assert.match(line ?? '', /^4,"[^"]+Z","login","ok","site-001","'=HYPERLINK\(""x""\)","user",,,,"a ""quoted"", text","[0-9a-f]{64}"$/);
  assert.equal(end, '');
  const lines = await browser.open(`${hub.publicUrl}/dashboard/audit/export?format=jsonl`);
  assert.deepEqual(
    lines.text
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text).id),
    [4, 3, 2, 1],
  );
  assert.equal((await browser.open(`${hub.publicUrl}/dashboard/audit/export?format=exe`)).status, 400);
  browser.cookies.clear();
  assert.equal((await browser.open(`${hub.publicUrl}/dashboard/audit/export?format=csv`)).status, 303);
});
