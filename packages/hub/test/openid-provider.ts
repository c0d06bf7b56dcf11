/** A third-party OpenID provider: the certified library, with a form that asks for a user name and no password. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import Provider from 'oidc-provider';
import type { PlainBrowser, Shown } from './plain-browser.ts';

export interface ProviderForTest {
  issuer: string;
  /** With the hub's secret. */
  secretFile: string;
  /** What the provider says about its users, by subject. */
  users: Record<string, Record<string, unknown>>;
  /** The method that it claims to have used. */
  acr: string | undefined;
  /** Stops the provider, to simulate an outage. */
  stop(): Promise<void>;
  /** Sets the redirect URI. Call before the first request. */
  serve(redirectUri: string, options?: { claimsInIdToken?: boolean }): void;
  /** Follows a redirect to the provider, signs in as this subject if asked, and returns. @returns the page of the hub, and whether the provider asked */
  visit(browser: PlainBrowser, start: string | Shown, subject: string): Promise<Shown & { asked: boolean }>;
}

export const CLIENT_ID = 'hub';
const CLIENT_SECRET = 'a secret of the hub at the provider';

export async function startOpenIdProvider(t: TestContext): Promise<ProviderForTest> {
  let answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-provider-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const secretFile = join(folder, 'client-secret');
  writeFileSync(secretFile, `${CLIENT_SECRET}\n`);
  const stop = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  t.after(stop);

  const self: ProviderForTest = {
    issuer,
    secretFile,
    users: {},
    acr: undefined,
    stop,
    serve(redirectUri, { claimsInIdToken = true } = {}) {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const provider = new Provider(issuer, {
        clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [redirectUri] }],
        jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kty: 'RSA', alg: 'RS256', use: 'sig' }] },
        cookies: { keys: ['for the test'] },
        claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
        conformIdTokenClaims: !claimsInIdToken,
        acrValues: ['second-factor'],
        features: { devInteractions: { enabled: false } },
        findAccount: (_context, id) => ({ accountId: id, claims: async () => ({ sub: id, ...self.users[id] }) }),
        interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
        async loadExistingGrant({ oidc }) {
          const grant = new oidc.provider.Grant({ clientId: CLIENT_ID, accountId: oidc.session?.accountId ?? '' });
          grant.addOIDCScope('openid profile');
          await grant.save();
          return grant;
        },
      });
      const callback = provider.callback();
      answer = (request, response) => {
        if (!request.url?.startsWith('/interaction/')) {
          callback(request, response);
          return;
        }
        if (request.method === 'GET') {
          response.setHeader('Content-Type', 'text/html');
          response.end(`<form method="post" action="${request.url}"><label>Who <input name="login"></label><button>Go</button></form>`);
          return;
        }
        let body = '';
        request.on('data', (chunk) => {
          body += chunk;
        });
        request.on('end', () => {
          const accountId = new URLSearchParams(body).get('login') ?? '';
          const login = { accountId, ...(self.acr === undefined ? {} : { acr: self.acr }) };
          void provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
        });
      };
    },
    async visit(browser, start, subject) {
      let shown = typeof start === 'string' ? await browser.open(start) : start;
      let asked = false;
      for (let steps = 0; steps < 20; steps++) {
        if (shown.onward !== undefined) shown = await browser.open(shown.onward);
        else if (new URL(shown.url).origin !== issuer) return { ...shown, asked };
        // Another user: the provider ends its session of the one before.
        else if (shown.text.includes('/session/end/confirm')) shown = await browser.submit(shown, '/session/end/confirm', {});
        else if (!shown.url.includes('/interaction/')) throw new Error(`The provider answered ${shown.status}: ${shown.text}`);
        else {
          asked = true;
          shown = await browser.submit(shown, new URL(shown.url).pathname, { login: subject });
        }
      }
      throw new Error(`It goes round in circles at ${shown.url}`);
    },
  };
  return self;
}
