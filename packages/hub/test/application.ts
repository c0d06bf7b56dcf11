/** An application that users sign in to, with a third-party client library. */
import * as openid from 'openid-client';
import { createClient, type NewClient } from '../src/oidc/clients.ts';
import type { HubUnderTest } from './hub-under-test.ts';
import { operatorForTest } from './operator-for-test.ts';
import { createPlainBrowser, type PlainBrowser, type Shown } from './plain-browser.ts';

export const REDIRECT_URI = 'https://app.example/callback';
const SIGNED_OUT_URI = 'https://app.example/signed-out';

export interface Application {
  clientId: string;
  secret: string | undefined;
  config: openid.Configuration;
  /** The address to send a browser to, and the checks for its return. */
  begin(parameters?: Record<string, string>): Promise<{ url: string; checks: openid.AuthorizationCodeGrantChecks }>;
  /** Exchanges the code in the address that the browser came back to. */
  finish(
    returned: string,
    checks: openid.AuthorizationCodeGrantChecks,
  ): Promise<openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers>;
  /** A whole sign-in, in a new browser or the given one. */
  signIn(options?: { browser?: PlainBrowser; parameters?: Record<string, string>; username?: string; password?: string }): Promise<{
    browser: PlainBrowser;
    tokens: openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers;
    returned: string;
  }>;
}

export async function createApplication(hub: HubUnderTest, wanted: Partial<NewClient> = {}): Promise<Application> {
  const { client, secret } = await createClient(operatorForTest(hub.store), {
    name: 'Billing',
    redirectUris: [REDIRECT_URI],
    postLogoutRedirectUris: [SIGNED_OUT_URI],
    refreshTokens: true,
    scopes: ['profile', 'email', 'groups'],
    ...wanted,
  });
  const config = await openid.discovery(
    new URL(`${hub.hub.publicUrl}/oidc`),
    client.id,
    secret,
    secret === undefined ? openid.None() : undefined,
    {
      execute: [openid.allowInsecureRequests],
    },
  );
  const application: Application = {
    clientId: client.id,
    secret,
    config,
    async begin(parameters = {}) {
      const pkceCodeVerifier = openid.randomPKCECodeVerifier();
      const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: wanted.redirectUris?.[0] ?? REDIRECT_URI,
        scope: 'openid profile email groups',
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
        state: expectedState,
        nonce: expectedNonce,
        ...parameters,
      });
      return { url: url.href, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
    },
    finish: (returned, checks) => openid.authorizationCodeGrant(config, new URL(returned), checks),
    async signIn({ browser = createPlainBrowser(), parameters, username = 'anna', password = 'right' } = {}) {
      const { url, checks } = await application.begin(parameters);
      const loginPage = await browser.follow(await browser.open(url));
      const end = await browser.follow(await browser.submit(loginPage, pathOf(loginPage), { username, password }));
      if (end.onward === undefined) throw new Error(`The sign-in ended at ${end.url}: ${end.status} ${end.text}`);
      return { browser, tokens: await application.finish(end.onward, checks), returned: end.onward };
    },
  };
  return application;
}

export function pathOf({ url }: Shown): string {
  return new URL(url).pathname;
}
