/** What a person does in a browser who wants to use an application, and what programs see at the same addresses. */
import { request as requestInClear } from 'node:http';
import { request as requestByTls } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Page } from 'playwright-core';
import { type Application, CLAIMS, WELCOME } from './application.ts';
import type { Browser } from './browser.ts';
import { until } from './programs.ts';

/** Opens the application in a browser that nobody has signed in with, and waits for what a person sees in the end. */
export async function visit({ page }: Browser, { url }: Application): Promise<'welcome' | 'form'> {
  await page.goto(url);
  const welcome = page.getByRole('heading', { name: WELCOME });
  await welcome.or(page.getByLabel('Password')).waitFor();
  return (await welcome.isVisible()) ? 'welcome' : 'form';
}

export async function fillForm(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
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

/** What the application knows of the person. */
export async function claims(page: Page): Promise<Claims> {
  return JSON.parse((await page.locator(CLAIMS).textContent()) ?? '');
}

/** @returns the page; each on a connection of its own, as a browser comes that has been away for a while */
export async function ask(address: string, form?: Record<string, string>): Promise<string> {
  const request = address.startsWith('https:') ? requestByTls : requestInClear;
  const outgoing = request(address, {
    method: form === undefined ? 'GET' : 'POST',
    agent: false,
    // What it says is the subject here; the browser's tests are for who says it.
    rejectUnauthorized: false,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  outgoing.end(form && new URLSearchParams(form).toString());
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject).on('response', (response) => text(response).then(resolve, reject));
  });
}

/** The socket to the hub is there before the port for browsers is. @param origin of the connector */
export function untilBrowsersReach(origin: string): Promise<void> {
  return until(`browsers reach ${origin}`, () =>
    ask(`${origin}/logout`).then(
      () => true,
      () => false,
    ),
  );
}
