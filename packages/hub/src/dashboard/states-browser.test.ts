import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { examinePage, launchChromium, whyNoChromium } from '@landbridge/lab';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { connect, makeIdentity, provision } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';

const CAPABILITIES = ['health', 'steps'];

test('states, labels, charts and alerts are shown as they change', { skip: whyNoChromium() }, async (t) => {
  const posted: string[] = [];
  const receiver = createServer((request, response) => {
    posted.push(String(request.headers['landbridge-signature']));
    request.resume();
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  t.after(() => receiver.close());
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  const { hub, store, api, createConnection, addConnector } = await startHubForTest(t, {
    ALERT_AFTER_MINUTES: '0',
    ALERT_WEBHOOK_URL: `http://127.0.0.1:${port}/hook`,
    ALERT_WEBHOOK_SECRET: 'a secret of the receiver',
  });
  const instances = [
    { id: 'instance-one', hostName: 'dc-01', version: '0.1.0' },
    { id: 'instance-two', hostName: 'dc-02', version: '0.1.0' },
  ] as const;
  const [first, second] = await Promise.all(
    [await createConnection('corp'), await addConnector('corp')].map(async (ticket, n) =>
      connect(await provision(ticket, makeIdentity(), { instance: instances[n] }), { capabilities: CAPABILITIES, instance: instances[n] }),
    ),
  );
  assert.ok(first && second);
  for (const connector of [first, second]) connector.answerAll(() => ({ profile: { id: '1', displayName: 'Anna' } }));
  for (let n = 0; n < 5; n++) await api('/connections/corp/login', { username: `user${n}`, password: 'right' });

  const { cookie } = await signedInBrowser(store, 'anna');
  const browser = await launchChromium();
  t.after(() => browser.close());
  const context = await browser.newContext();
  await context.addCookies([{ name: 'landbridge-session', value: cookie.split('=')[1] ?? '', url: hub.publicUrl }]);
  const page = await context.newPage();
  page.setDefaultTimeout(40_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  const health = page.locator('#health');

  await page.goto(`${hub.publicUrl}/dashboard/connections/corp`);
  await health.getByText('Healthy').waitFor();
  await page.getByText('5 in 24 h').waitFor();
  await page.getByRole('link', { name: '30 d' }).click();
  await page.getByText('5 in 30 d').waitFor();
  await examinePage(page, '50-connection-month');
  first.send('health', { directory: 'down' });
  await health.getByText('Directory down at 1 of 2 connectors').waitFor();
  await page
    .getByRole('row', { name: /^dc-01/ })
    .getByText('Directory down')
    .waitFor();
  await examinePage(page, '51-degraded');
  second.socket.close();
  await second.closed;
  await health.getByText('Down', { exact: true }).waitFor();

  await page.getByRole('link', { name: 'dc-01', exact: true }).click();
  await page.getByRole('textbox', { name: 'Label' }).fill('Berlin, second rack');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Berlin, second rack', level: 1 }).waitFor();
  await examinePage(page, '52-connector');
  await page.getByRole('link', { name: 'Changes to it in the audit log' }).click();
  await page.getByRole('rowheader').first().waitFor();
  assert.match((await page.locator('tbody').textContent()) ?? '', /connector\.label/);
  await page.goBack();
  await page.getByRole('link', { name: 'Its sign-ins in the audit log' }).click();
  await page.getByRole('link', { name: 'corp', exact: true }).first().waitFor();

  await page.goto(`${hub.publicUrl}/dashboard/alerts`);
  await page.getByText(/The directory of "corp" is down at 1 of [12] connectors?/).waitFor();
  await page.getByText('1 connector of "corp" offline').waitFor();
  await page
    .getByText(/Webhook, raised: sent/)
    .first()
    .waitFor();
  await examinePage(page, '53-alerts');
  const before = posted.length;
  await page.getByRole('button', { name: 'Send a test message' }).click();
  await page.getByText('Webhook: accepted.').waitFor();
  assert.equal(posted.length, before + 1);
  assert.match(posted.at(-1) ?? '', /^t=\d+,v1=[0-9a-f]{64}$/);
  await page.goto(`${hub.publicUrl}/dashboard`);
  await page.getByRole('alert').getByText('1 connector of "corp" offline').waitFor();
  await examinePage(page, '54-overview-with-alerts');

  // Without scripts, all of it is there, with times in UTC.
  const plain = await browser.newContext({ javaScriptEnabled: false });
  await plain.addCookies([{ name: 'landbridge-session', value: cookie.split('=')[1] ?? '', url: hub.publicUrl }]);
  const still = await plain.newPage();
  await still.goto(`${hub.publicUrl}/dashboard/audit?action=connector.label`);
  await still.getByText('Times are in UTC.').waitFor();
  await still.getByLabel('Search', { exact: true }).fill('berlin');
  await still.getByRole('button', { name: 'Filter' }).click();
  assert.equal(await still.locator('tbody tr').count(), 1);
  assert.deepEqual(complaints, []);
});
