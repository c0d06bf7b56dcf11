/**
 * An application whose users sign in at the hub, with a third-party OpenID Connect client. It redirects visitors to the hub and shows the
 * claims of the ID token.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { freePort } from '@landbridge/lab';
import * as openid from 'openid-client';
import type { HubProgram } from './programs.ts';

export interface Application extends AsyncDisposable {
  readonly url: string;
}

/** A page with a heading and the claims as JSON. */
export const WELCOME = 'Welcome';
export const CLAIMS = '#claims';

/** @param connection the connection whose users may sign in @param settings of its registration, as the API has them */
export async function startApplication(hub: HubProgram, connection: string, settings?: object): Promise<Application> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const redirectUri = `${url}/callback`;
  const client = await hub.createClient(connection, redirectUri, settings);
  // The hub's own host name, which is another site than the application for a browser.
  const issuer = new URL(`${hub.url.replace('127.0.0.1', 'localhost')}/oidc`);
  const config = await openid.discovery(issuer, client.id, client.secret, undefined, { execute: [openid.allowInsecureRequests] });
  /** By `state`. A real application keeps them in the browser's session. */
  const begun = new Map<string, openid.AuthorizationCodeGrantChecks>();

  async function leave(response: ServerResponse): Promise<void> {
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
    begun.set(expectedState, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true });
    const address = openid.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid profile email groups',
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
    });
    response.writeHead(302, { Location: address.href }).end();
  }

  async function comeBack(returned: URL, response: ServerResponse): Promise<void> {
    const checks = begun.get(returned.searchParams.get('state') ?? '');
    if (checks === undefined) throw new Error('unknown state');
    const tokens = await openid.authorizationCodeGrant(config, returned, checks);
    const claims = JSON.stringify(tokens.claims()).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
    response.setHeader('Content-Type', 'text/html; charset=utf-8').end(`<h1>${WELCOME}</h1><pre id="claims">${claims}</pre>`);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = new URL(request.url ?? '/', url);
    if (asked.pathname === '/') return leave(response);
    if (asked.pathname === '/callback') return comeBack(asked, response);
    response.writeHead(404).end();
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
