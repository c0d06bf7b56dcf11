/** A hub that redirects users to a connector's front channel; the test plays the connector and delivers the assertion. */
import type { TestContext } from 'node:test';
import { type AssertionParts, responseAround, signedAssertion, type TestIdentity } from '@landbridge/lab';
import { type Application, createApplication } from './application.ts';
import { connect, type ForeignConnector, makeIdentity, type Provisioned, provision } from './foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from './hub-under-test.ts';
import { createPlainBrowser, type PlainBrowser, type Shown } from './plain-browser.ts';

const ENDPOINT = 'https://dc1.fabrikam.example/wsfed';
export const HERE = ['127.0.0.0/8', '::1/128'];

export interface Fronted {
  hub: HubUnderTest;
  app: Application;
  provisioned: Provisioned;
  connector: ForeignConnector;
  /** The first page of a new sign-in. */
  begin(browser: PlainBrowser, parameters?: Record<string, string>): Promise<Shown>;
  /** A valid response of the connector, except for the given parts. */
  answer(parts?: AssertionParts, by?: TestIdentity): string;
  /** Posts the form of the connector's page: from another site, without cookies. */
  deliver(
    wctx: string,
    wresult: string,
    others?: Record<string, string>,
  ): Promise<{ status: number; text: string; onward: string | undefined }>;
}

/** @param settings of the connection */
export async function startFronted(
  t: TestContext,
  settings: Record<string, unknown> = {},
  environment: Record<string, string> = {},
): Promise<Fronted> {
  const hub = await startHubForTest(t, environment);
  const ticket = await hub.createConnection();
  const provisioned = await provision(ticket, makeIdentity(), { signInEndpoint: ENDPOINT });
  await hub.api('/connections/corp', { kerberos: true, ipRanges: HERE, ...settings }, 'PATCH');
  const connector = await connect(provisioned);
  const app = await createApplication(hub);
  return {
    hub,
    app,
    provisioned,
    connector,
    begin: async (browser, parameters) => browser.follow(await browser.open((await app.begin(parameters)).url)),
    answer: (parts, by = provisioned.identity) => responseAround(signedAssertion(by, parts)),
    async deliver(wctx, wresult, others = {}) {
      // Another browser: a real one would send no cookies.
      const page = await createPlainBrowser().open(`${hub.hub.publicUrl}/login/callback`, {
        method: 'POST',
        body: new URLSearchParams({ wa: 'wsignin1.0', wctx, wresult, ...others }),
        headers: { Origin: new URL(ENDPOINT).origin, 'Sec-Fetch-Site': 'cross-site' },
      });
      return { status: page.status, text: page.text, onward: page.onward };
    },
  };
}

/** @returns the request to the connector, if the page redirects there */
export function sentWith(page: Shown): URLSearchParams | undefined {
  return page.onward?.startsWith(`${ENDPOINT}?`) ? new URL(page.onward).searchParams : undefined;
}
