/** A real browser for tests of pages: started, and each page examined in several looks. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** In CI a missing browser is a failure, elsewhere it is said. */
export const whyNoBrowser = existsSync(CHROMIUM) || process.env.CI === 'true' ? false : `there is no ${CHROMIUM} (Debian package chromium)`;
/** A folder for pictures of every page, for people to look at. */
const pictures = process.env.CONSOLE_PICTURES;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const LOOKS = [
  { name: 'wide', width: 1280, colorScheme: 'light' },
  { name: 'narrow-dark', width: 360, colorScheme: 'dark' },
] as const;

export async function launch(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

/** No violation of axe's rules, and nothing beyond the right edge, in each look. */
export async function examine(page: Page, what: string): Promise<void> {
  for (const { name, width, colorScheme } of LOOKS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    const cdp = await page.context().newCDPSession(page);
    // The page's own policy lets no such script in; this is the test's.
    await cdp.send('Runtime.evaluate', { expression: AXE });
    const answer = await cdp.send('Runtime.evaluate', {
      expression:
        'axe.run().then((found) => JSON.stringify(found.violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])))',
      awaitPromise: true,
      returnByValue: true,
    });
    assert.equal(answer.result.value, '[]', `${what} ${name}`);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width, `${what} ${name} is too wide`);
    await cdp.detach();
    if (pictures !== undefined) {
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${what}-${name}.png`), fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
}
