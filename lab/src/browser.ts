/** Debian's Chromium for tests, with a check of pages for accessibility and narrow windows. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';

export const CHROMIUM = '/usr/bin/chromium';
/** No background requests to the network, and no sandbox, which does not work as root. */
export const CHROMIUM_ARGUMENTS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns the reason to skip tests that need it, or false. Always false with CI set, where they must run */
export function whyNoChromium(): string | false {
  return existsSync(CHROMIUM) || process.env.CI === 'true' ? false : `${CHROMIUM} is not installed (Debian package chromium)`;
}

export async function launchChromium(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_ARGUMENTS] });
}

/**
 * Asserts that a page violates no axe rule and does not overflow, in wide and narrow windows, light and dark. With PICTURES_DIR set, it saves
 * a screenshot of each.
 *
 * @param name the page's name in messages and file names
 */
export async function examinePage(page: Page, name: string, { narrowPx = 360 } = {}): Promise<void> {
  const looks = [
    { name: 'wide', width: 1280, colorScheme: 'light' },
    { name: 'wide-dark', width: 1280, colorScheme: 'dark' },
    { name: 'narrow', width: narrowPx, colorScheme: 'light' },
    { name: 'narrow-dark', width: narrowPx, colorScheme: 'dark' },
  ] as const;
  const before = page.viewportSize();
  const pictures = process.env.PICTURES_DIR;
  for (const look of looks) {
    await page.setViewportSize({ width: look.width, height: 900 });
    await page.emulateMedia({ colorScheme: look.colorScheme });
    const cdp = await page.context().newCDPSession(page);
    // The page's own policy would not allow this script.
    await cdp.send('Runtime.evaluate', { expression: axe() });
    const answer = await cdp.send('Runtime.evaluate', {
      expression:
        'axe.run().then((found) => JSON.stringify(found.violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])))',
      awaitPromise: true,
      returnByValue: true,
    });
    assert.equal(answer.result.value, '[]', `${name}, ${look.name}`);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), look.width, `${name}, ${look.name} overflows`);
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
