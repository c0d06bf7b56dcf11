import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { NAVIGATION } from './page-context.ts';

test('each page links to a section of the documents that exists, and names the role of the administrator', async (t) => {
  const { hub, store } = await startHubForTest(t);
  const { browser } = await signedInBrowser(store, 'anna', { role: 'operator' });
  for (const path of [...NAVIGATION.map((part) => part.path), '/account']) {
    const page = await browser.open(`${hub.publicUrl}/dashboard${path}`);
    assert.match(page.text, /anna <span class="role">operator<\/span>/, path);
    const help = /<a class="help" href="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const [address = '', section] = help.split('#');
    const document = await browser.follow(await browser.open(`${hub.publicUrl}${address}`));
    assert.equal(document.status, 200, help);
    if (section !== undefined) assert.match(document.text, new RegExp(`id="${section}"`), help);
  }
});
