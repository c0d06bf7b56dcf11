/** What the applications have in common: settings from the environment, and pages that tests read. */
export const { ISSUER = '', CLIENT_ID = '', CLIENT_SECRET = '', PORT = '' } = process.env;
export const ORIGIN = `http://127.0.0.1:${PORT}`;
export const SCOPE = 'openid profile email groups';
/** For signed cookies. */
export const SECRET = 'a-secret-of-the-application-under-test';

/** @param {object} state what the application knows about the user and the tokens */
export function statePage(state) {
  const text = JSON.stringify(state).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<!doctype html><title>Application</title><h1>Welcome</h1><pre id="state">${text}</pre>`;
}

export const SIGNED_OUT_PAGE = '<!doctype html><title>Application</title><h1>Goodbye</h1>';

/** OpenID Connect RP-Initiated Logout 1.0, for libraries without it. */
export function signOutUrl(idToken) {
  const url = new URL(`${ISSUER}/logout`);
  url.searchParams.set('id_token_hint', idToken);
  url.searchParams.set('post_logout_redirect_uri', `${ORIGIN}/goodbye`);
  return url.href;
}

/** Refreshes tokens (RFC 6749, section 6), for libraries that leave this to the application. */
export async function refresh(refreshToken) {
  const response = await fetch(`${ISSUER}/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${CLIENT_ID}:${CLIENT_SECRET}`)}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

/** Errors as pages, so that a failed test shows them. */
export function onError(error, _request, response, _next) {
  console.error(error);
  response
    .status(500)
    .type('text')
    .send(String(error?.stack ?? error));
}
