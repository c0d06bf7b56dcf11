/** Auth.js (the library of next-auth 5), with Express. It neither refreshes nor signs out at the hub by itself. */
import { ExpressAuth, getSession } from '@auth/express';
import express from 'express';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  ISSUER,
  onError,
  PORT,
  refresh,
  SCOPE,
  SECRET,
  SIGNED_OUT_PAGE,
  signOutUrl,
  statePage,
} from './shared.mjs';

/** A real application keeps them in a database or in the session. */
const tokensBySubject = new Map();

const config = {
  secret: SECRET,
  basePath: '/auth',
  trustHost: true,
  providers: [
    {
      id: 'landbridge',
      name: 'Landbridge',
      type: 'oidc',
      issuer: ISSUER,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      checks: ['pkce', 'state', 'nonce'],
      authorization: { params: { scope: SCOPE } },
    },
  ],
  callbacks: {
    jwt({ token, account, profile }) {
      if (account) tokensBySubject.set(profile.sub, { ...account, claims: profile });
      return account ? { ...token, sub: profile.sub } : token;
    },
    session: ({ session, token }) => ({ ...session, subject: token.sub }),
  },
};

const app = express();
// It reads its own path from the first unnamed parameter, which Express 5 supports only with a regular expression.
app.use(/^\/auth\/(.+)$/, ExpressAuth(config));
app.get('/goodbye', (_request, response) => response.send(SIGNED_OUT_PAGE));
app.use(async (request, response, next) => {
  response.locals.session = await getSession(request, config);
  response.locals.tokens = tokensBySubject.get(response.locals.session?.subject);
  if (response.locals.tokens === undefined) response.redirect('/auth/signin?callbackUrl=/');
  else next();
});
app.get('/', async (_request, response) => {
  const { session, tokens } = response.locals;
  response.send(statePage({ claims: tokens.claims, userinfo: await userinfo(tokens), session }));
});
app.get('/refresh', async (_request, response) => {
  const { tokens } = response.locals;
  const before = tokens.access_token;
  Object.assign(tokens, await refresh(tokens.refresh_token));
  response.send(statePage({ before, after: tokens.access_token, claims: tokens.claims, userinfo: await userinfo(tokens) }));
});
app.get('/sign-out', (_request, response) => {
  const { session, tokens } = response.locals;
  tokensBySubject.delete(session.subject);
  response.clearCookie('authjs.session-token').redirect(signOutUrl(tokens.id_token));
});
app.use(onError);
app.listen(Number(PORT), '127.0.0.1');

async function userinfo({ access_token }) {
  const response = await fetch(`${ISSUER}/userinfo`, { headers: { Authorization: `Bearer ${access_token}` } });
  return response.json();
}
