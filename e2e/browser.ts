/** Chromium as users have it at work: with its own profile, and optionally a Kerberos ticket and certificates. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHROMIUM, CHROMIUM_ARGUMENTS, type NssDatabase, nssDatabase } from '@landbridge/lab';
import type { Page } from 'playwright-core';

export interface Browser extends AsyncDisposable {
  /** The first tab. */
  readonly page: Page;
}

export interface BrowserOptions {
  /** The hosts that get tickets, the name of this machine, KRB5CCNAME etc. */
  ticket?: { server: string; environment: Readonly<Record<string, string>> };
  /** The origin that gets an acceptable certificate without a prompt. */
  certificateFor?: string;
}

/** The files of a user, which outlast the browser. */
export interface Profile extends AsyncDisposable {
  /** The browser reads it on start. */
  readonly certificates: NssDatabase;
  open(): Promise<Browser>;
}

/** For one step, on a busy machine. */
const PATIENCE_MS = 120_000;

export async function createProfile({ ticket, certificateFor }: BrowserOptions = {}): Promise<Profile> {
  const home = await mkdtemp(join(tmpdir(), 'landbridge-browser-'));
  const profile = join(home, 'profile');
  await mkdir(join(profile, 'Default'), { recursive: true });
  // On Linux, Chromium loads the Kerberos library only in a profile that has seen this header, and without the second setting it requests a
  // ticket for the mapped address. Neither has a command-line switch.
  const state = { net: { received_http_auth_negotiate_headers: true }, auth: { disable_negotiate_cname_lookup: true } };
  await writeFile(join(profile, 'Local State'), JSON.stringify(state));
  if (certificateFor !== undefined) {
    // The same as the policy AutoSelectCertificateForUrls; otherwise Chromium shows a dialog.
    const exceptions = { auto_select_certificate: { [`${certificateFor},*`]: { setting: { filters: [{}] } } } };
    await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify({ profile: { content_settings: { exceptions } } }));
  }
  return {
    // Chromium's certificate store on Linux.
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

/** Uses a new profile, deleted afterwards. */
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
