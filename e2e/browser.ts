/** Chromium as people have it at work: with a profile of its own, and in it a Kerberos ticket or a certificate, or neither. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHROMIUM, CHROMIUM_ARGUMENTS, type KeyPair } from '@landbridge/lab';
import type { Page } from 'playwright-core';

export interface Browser extends AsyncDisposable {
  /** Its first tab. */
  readonly page: Page;
}

/** Of one step in it, on a machine that has much else to do. */
const PATIENCE_MS = 120_000;

/**
 * @param options.certificate for the server of this origin
 * @param options.ticket `server`: whom tickets may be shown to, and which name is this machine; `environment`: KRB5CCNAME and the like
 */
export async function openBrowser(
  options: { certificate?: KeyPair & { origin: string }; ticket?: { server: string; environment: Readonly<Record<string, string>> } } = {},
): Promise<Browser> {
  const { certificate, ticket } = options;
  const { chromium } = await import('playwright-core');
  const profile = await mkdtemp(join(tmpdir(), 'landbridge-browser-'));
  // On Linux it loads the Kerberos library only in a profile that has met this header before; and without the second setting it asks for
  // a ticket for the address that the name is mapped to. Neither has a switch.
  const state = { net: { received_http_auth_negotiate_headers: true }, auth: { disable_negotiate_cname_lookup: true } };
  await writeFile(join(profile, 'Local State'), JSON.stringify(state));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    ignoreHTTPSErrors: true,
    args: [
      ...CHROMIUM_ARGUMENTS,
      ...(ticket === undefined ? [] : [`--auth-server-allowlist=${ticket.server}`, `--host-resolver-rules=MAP ${ticket.server} 127.0.0.1`]),
    ],
    env: { ...process.env, ...ticket?.environment },
    ...(certificate === undefined
      ? {}
      : {
          clientCertificates: [{ origin: certificate.origin, cert: Buffer.from(certificate.cert), key: Buffer.from(certificate.key) }],
        }),
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return {
    page: context.pages()[0] ?? (await context.newPage()),
    async [Symbol.asyncDispose]() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}
