import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examinePage, launchChromium, whyNoChromium } from '@landbridge/lab';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { createConnection } from '../connections/connections.ts';

test('lists of 500 rows are searched, sorted and paged, and the audit log shows local times', { skip: whyNoChromium() }, async (t) => {
  const { hub, store } = await startHubForTest(t);
  const operator = operatorForTest(store);
  for (let n = 0; n < 500; n++) await createConnection(operator, `site-${String(n).padStart(3, '0')}`);
  const { cookie } = await signedInBrowser(store, 'anna');
  const browser = await launchChromium();
  t.after(() => browser.close());
  const context = await browser.newContext({ timezoneId: 'Asia/Kathmandu' });
  await context.addCookies([{ name: 'landbridge-session', value: cookie.split('=')[1] ?? '', url: hub.publicUrl }]);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  const firstRow = () => page.locator('tbody th').first().textContent();

  await page.goto(`${hub.publicUrl}/dashboard`);
  await page.getByText('1 to 50 of 500 connections').waitFor();
  await examinePage(page, '40-overview-500');
  await page.getByRole('link', { name: 'Next' }).click();
  await page.getByText('51 to 100 of 500 connections').waitFor();
  assert.equal(await firstRow(), 'site-050');
  await page.getByRole('link', { name: 'Name', exact: true }).click();
  await page.getByRole('columnheader', { name: 'Name' }).and(page.locator('[aria-sort=descending]')).waitFor();
  assert.equal(await firstRow(), 'site-499');
  await page.getByRole('searchbox').fill('site-12');
  await page.keyboard.press('Enter');
  await page.getByText('10 connections').waitFor();
  assert.equal(await firstRow(), 'site-129');
  await page.getByRole('link', { name: 'Reset' }).click();

  await page.goto(`${hub.publicUrl}/dashboard/audit`);
  const [newest] = await store.auditRecords({}, 1);
  const local = new Date((newest?.at.getTime() ?? 0) + (5 * 60 + 45) * 60_000).toISOString().replace('T', ' ').slice(0, 19);
  assert.equal(await firstRow(), local);
  assert.equal(await page.locator('[data-zone]').first().textContent(), 'GMT+5:45');
  await examinePage(page, '41-audit-500');

  // The fields take local time, and the address has UTC.
  await page.getByLabel('To (GMT+5:45)').fill('2020-01-01T05:45');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByText('No matching records.').waitFor();
  assert.equal(new URL(page.url()).searchParams.get('to'), '2020-01-01T00:00:00');
  assert.equal(await page.getByLabel('To (GMT+5:45)').inputValue(), '2020-01-01T05:45');

  await page.getByRole('link', { name: 'Show all' }).click();
  await page.getByLabel('Search', { exact: true }).fill('site-42');
  await page.keyboard.press('Enter');
  await page.waitForURL(/search=site-42/);
  assert.equal(await page.locator('tbody tr').count(), 10);
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export JSON lines' }).click();
  const exported = await (await downloading).createReadStream();
  let text = '';
  for await (const chunk of exported) text += String(chunk);
  assert.equal(text.trim().split('\n').length, 10);
  await page.getByRole('link', { name: 'Older' }).waitFor({ state: 'detached' });
  await page.getByText('More filters').click();
  await page.getByLabel('Correlation ID').fill('x');
  await examinePage(page, '41-audit-filters');
  assert.deepEqual(complaints, []);
});
