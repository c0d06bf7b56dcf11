/**
 * A web application whose users sign in at a Landbridge hub, with openid-client 6. See docs/application-example.md.
 *
 *   ISSUER=https://hub.example.com/oidc CLIENT_ID=… CLIENT_SECRET=… ORIGIN=https://billing.example node openid-client.mjs
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import * as oidc from 'openid-client';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, ORIGIN = 'http://127.0.0.1:3000' } = process.env;
const CALLBACK = `${ORIGIN}/callback`;
const origin = new URL(ORIGIN);

// Finds all addresses of the hub. Plain HTTP is for trying this out on one machine.
const options = ISSUER.startsWith('http:') ? { execute: [oidc.allowInsecureRequests] } : {};
const hub = await oidc.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, options);

/** By the value of the cookie. An application with several processes keeps them in a database. */
const sessions = new Map();

/** Sends the user to the hub, and remembers what the answer has to match. */
async function signIn(session) {
  session.expected = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  const { pkceCodeVerifier, expectedState, expectedNonce } = session.expected;
  return oidc.buildAuthorizationUrl(hub, {
    redirect_uri: CALLBACK,
    scope: 'openid profile email',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
  });
}

/** Exchanges the code for the tokens; the library checks state, nonce, issuer, audience, time and signature. */
async function finishSignIn(session, url) {
  const expected = session.expected;
  delete session.expected;
  if (expected === undefined) throw new Error('this browser began no sign-in');
  const tokens = await oidc.authorizationCodeGrant(hub, url, expected);
  return { user: tokens.claims(), idToken: tokens.id_token };
}

function newSession(response) {
  const id = randomUUID();
  const session = {};
  sessions.set(id, session);
  response.setHeader('Set-Cookie', `session=${id}; HttpOnly; SameSite=Lax; Path=/${origin.protocol === 'https:' ? '; Secure' : ''}`);
  return session;
}

const text = (value) => String(value ?? '').replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const server = createServer(async (request, response) => {
  const url = new URL(request.url, ORIGIN);
  const id = /(?:^|; )session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
  const session = sessions.get(id);
  const redirect = (to) => response.writeHead(303, { Location: String(to) }).end();
  try {
    if (url.pathname === '/sign-in') redirect(await signIn(session ?? newSession(response)));
    else if (url.pathname === '/callback') {
      const signedIn = await finishSignIn(session ?? {}, url);
      // A new cookie, so that nobody knows it from before the sign-in.
      sessions.delete(id);
      Object.assign(newSession(response), signedIn);
      redirect('/');
    } else if (url.pathname === '/sign-out') {
      sessions.delete(id);
      redirect(
        oidc.buildEndSessionUrl(hub, {
          post_logout_redirect_uri: `${ORIGIN}/`,
          ...(session?.idToken && { id_token_hint: session.idToken }),
        }),
      );
    } else if (url.pathname === '/') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(
        session?.user
          ? `<h1>Welcome, ${text(session.user.name)}</h1><p>${text(session.user.sub)}</p><p><a href="/sign-out">Sign out</a></p>`
          : '<h1>Billing</h1><p><a href="/sign-in">Sign in</a></p>',
      );
    } else response.writeHead(404).end();
  } catch (error) {
    console.error(error);
    response.writeHead(400, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end('<p>The sign-in failed. <a href="/sign-in">Try again</a></p>');
  }
});
server.listen(Number(origin.port) || 3000, '127.0.0.1', () => console.log(`Open ${ORIGIN}`));
