import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, whyNoChromium } from '@landbridge/lab';
import { connect } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { newTryLink } from './access.ts';

const skip = whyNoChromium();

test('the Try page works with the keyboard, in wide and narrow windows, dark and light', { skip }, async (t) => {
  const { hub, store, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  const longName = 'Gruppe'.repeat(30);
  connector.answerAll(({ claims }) =>
    claims.password === 'right'
      ? {
          profile: {
            id: 'anna-id',
            displayName: 'Anna <script>document.title = "owned"</script>',
            groups: ['Staff', longName],
            dn: 'CN=Anna,'.repeat(20),
          },
        }
      : { err: { name: 'AccountLocked', message: 'Account locked' }, profile: {} },
  );
  const browser = await launchChromium();
  t.after(() => browser.close());

  const grounds = new Set<unknown>();
  for (const { width, colorScheme } of [
    { width: 1400, colorScheme: 'light' },
    { width: 360, colorScheme: 'dark' },
  ] as const) {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(await newTryLink(store, hub.url, 'corp'));
    await page.getByLabel('User name').fill('anna');
    await page.keyboard.press('Tab');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'The account is locked' }).waitFor();
    // The name stays, and the password has the focus.
    assert.equal(await page.getByLabel('User name').inputValue(), 'anna');
    await page.keyboard.type('right');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Signed in as Anna <script>' }).waitFor();
    assert.deepEqual(await page.getByRole('region', { name: 'Groups' }).getByRole('listitem').allTextContents(), ['Staff', longName]);
    assert.match((await page.getByRole('row', { name: /^dn/ }).textContent()) ?? '', /CN=Anna/);
    assert.match(await page.title(), /^Signed in/);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
    assert.equal(await page.evaluate('scrollY'), 0);
    grounds.add(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
    assert.deepEqual(complaints, []);
    await context.close();
  }
  assert.equal(grounds.size, 2);
});
