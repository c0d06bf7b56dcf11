/** Chromium as people have it at work: with a profile of its own, a Kerberos ticket or none, and certificates in its store or none. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHROMIUM, CHROMIUM_ARGUMENTS, type NssDatabase, nssDatabase } from '@landbridge/lab';
import type { Page } from 'playwright-core';

export interface Browser extends AsyncDisposable {
  /** Its first tab. */
  readonly page: Page;
}

export interface BrowserOptions {
  /** Whom tickets may be shown to, which name is this machine, and KRB5CCNAME and the like. */
  ticket?: { server: string; environment: Readonly<Record<string, string>> };
  /** The origin that gets a certificate without a question, of those in the store that it takes. */
  certificateFor?: string;
}

/** What is on a person's computer and outlasts the browser. */
export interface Profile extends AsyncDisposable {
  /** The browser looks into it when it is opened. */
  readonly certificates: NssDatabase;
  open(): Promise<Browser>;
}

/** Of one step in it, on a machine that has much else to do. */
const PATIENCE_MS = 120_000;

export async function createProfile({ ticket, certificateFor }: BrowserOptions = {}): Promise<Profile> {
  const home = await mkdtemp(join(tmpdir(), 'landbridge-browser-'));
  const profile = join(home, 'profile');
  await mkdir(join(profile, 'Default'), { recursive: true });
  // On Linux it loads the Kerberos library only in a profile that has met this header before; and without the second setting it asks for
  // a ticket for the address that the name is mapped to. Neither has a switch.
  const state = { net: { received_http_auth_negotiate_headers: true }, auth: { disable_negotiate_cname_lookup: true } };
  await writeFile(join(profile, 'Local State'), JSON.stringify(state));
  if (certificateFor !== undefined) {
    // What the policy AutoSelectCertificateForUrls sets for a machine: otherwise the person is asked which one, in a window of its own.
    const exceptions = { auto_select_certificate: { [`${certificateFor},*`]: { setting: { filters: [{}] } } } };
    await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify({ profile: { content_settings: { exceptions } } }));
  }
  return {
    // Where Chromium has its store on Linux.
    certificates: nssDatabase(join(home, '.pki', 'nssdb')),
    async open() {
      const { chromium } = await import('playwright-core');
      const context = await chromium.launchPersistentContext(profile, {
        executablePath: CHROMIUM,
        ignoreHTTPSErrors: true,
        args: [
          ...CHROMIUM_ARGUMENTS,
          ...(ticket === undefined
            ? []
            : [`--auth-server-allowlist=${ticket.server}`, `--host-resolver-rules=MAP ${ticket.server} 127.0.0.1`]),
        ],
        env: { ...process.env, ...ticket?.environment, HOME: home },
      });
      context.setDefaultTimeout(PATIENCE_MS);
      return { page: context.pages()[0] ?? (await context.newPage()), [Symbol.asyncDispose]: () => context.close() };
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  };
}

/** In a new profile, which goes with it. */
export async function openBrowser(options?: BrowserOptions): Promise<Browser> {
  const profile = await createProfile(options);
  const browser = await profile.open();
  return {
    page: browser.page,
    async [Symbol.asyncDispose]() {
      await browser[Symbol.asyncDispose]();
      await profile[Symbol.asyncDispose]();
    },
  };
}
