/** Visits to an application as a user with a browser, and as a program. */
import { request as requestInClear } from 'node:http';
import { request as requestByTls } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Page } from 'playwright-core';
import { type Application, CLAIMS, WELCOME } from './application.ts';
import type { Browser } from './browser.ts';
import { until } from './programs.ts';

/** Opens the application without an existing session and waits for the final page. */
export async function visit({ page }: Browser, { url }: Application): Promise<'welcome' | 'form'> {
  await page.goto(url);
  const welcome = page.getByRole('heading', { name: WELCOME });
  await welcome.or(page.getByLabel('Password', { exact: true })).waitFor();
  return (await welcome.isVisible()) ? 'welcome' : 'form';
}

export async function fillForm(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: WELCOME }).waitFor();
}

export interface Claims {
  preferred_username?: string;
  name?: string;
  email?: string;
  amr?: string[];
  connection?: string;
}

/** The claims that the application got. */
export async function claims(page: Page): Promise<Claims> {
  return JSON.parse((await page.locator(CLAIMS).textContent()) ?? '');
}

/** @returns the page, fetched on a new connection, like a browser that returns later */
export async function ask(address: string, form?: Record<string, string>): Promise<string> {
  const request = address.startsWith('https:') ? requestByTls : requestInClear;
  const outgoing = request(address, {
    method: form === undefined ? 'GET' : 'POST',
    agent: false,
    // This checks content; other tests verify the certificate.
    rejectUnauthorized: false,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  outgoing.end(form && new URLSearchParams(form).toString());
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject).on('response', (response) => text(response).then(resolve, reject));
  });
}

/** The hub connects before the port for browsers opens. @param origin the connector's origin */
export function untilBrowsersReach(origin: string): Promise<void> {
  return until(`browsers reach ${origin}`, () =>
    ask(`${origin}/logout`).then(
      () => true,
      () => false,
    ),
  );
}
