/** Debian's Chromium for tests of pages: started, and a page examined as people with different windows, eyes and tools meet it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';

export const CHROMIUM = '/usr/bin/chromium';
/** Without what a test's browser would ask of the network, and without a sandbox, which root cannot have. */
export const CHROMIUM_ARGUMENTS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns why tests with a browser cannot run here, for `skip:` of a test; never with CI set, where they must run */
export function whyNoChromium(): string | false {
  return existsSync(CHROMIUM) || process.env.CI === 'true' ? false : `there is no ${CHROMIUM} (Debian package chromium)`;
}

export async function launchChromium(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_ARGUMENTS] });
}

/**
 * No violation of axe's rules and nothing beyond the right edge, in a wide light window and in a narrow dark one. With PICTURES_DIR set,
 * each look is kept there as a picture, for people to look at.
 *
 * @param name of the page, in messages and names of files
 */
export async function examinePage(page: Page, name: string, { narrowPx = 360 } = {}): Promise<void> {
  const looks = [
    { name: 'wide', width: 1280, colorScheme: 'light' },
    { name: 'narrow-dark', width: narrowPx, colorScheme: 'dark' },
  ] as const;
  const before = page.viewportSize();
  const pictures = process.env.PICTURES_DIR;
  for (const look of looks) {
    await page.setViewportSize({ width: look.width, height: 900 });
    await page.emulateMedia({ colorScheme: look.colorScheme });
    const cdp = await page.context().newCDPSession(page);
    // The page's own policy lets no such script in; this is the test's.
    await cdp.send('Runtime.evaluate', { expression: axe() });
    const answer = await cdp.send('Runtime.evaluate', {
      expression:
        'axe.run().then((found) => JSON.stringify(found.violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])))',
      awaitPromise: true,
      returnByValue: true,
    });
    assert.equal(answer.result.value, '[]', `${name}, ${look.name}`);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), look.width, `${name}, ${look.name}, is too wide`);
    await cdp.detach();
    if (pictures !== undefined) {
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${name}-${look.name}.png`), fullPage: true });
    }
  }
  if (before !== null) await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: 'light' });
}

let axeSource: string | undefined;
function axe(): string {
  axeSource ??= readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  return axeSource;
}
