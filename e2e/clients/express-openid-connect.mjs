/** Auth0's `express-openid-connect`, as its README has it. The authorization code flow has to be chosen. */
import express from 'express';
import oidc from 'express-openid-connect';
import { CLIENT_ID, CLIENT_SECRET, ISSUER, ORIGIN, onError, PORT, SCOPE, SECRET, SIGNED_OUT_PAGE, statePage } from './shared.mjs';

const app = express();
app.use(
  oidc.auth({
    issuerBaseURL: ISSUER,
    baseURL: ORIGIN,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret: SECRET,
    authRequired: false,
    idpLogout: true,
    authorizationParams: { response_type: 'code', scope: SCOPE },
    routes: { postLogoutRedirect: '/goodbye' },
  }),
);
app.get('/goodbye', (_request, response) => response.send(SIGNED_OUT_PAGE));
app.get('/', oidc.requiresAuth(), async (request, response) => {
  response.send(statePage({ claims: request.oidc.idTokenClaims, userinfo: await request.oidc.fetchUserInfo() }));
});
app.get('/refresh', oidc.requiresAuth(), async (request, response) => {
  const before = request.oidc.accessToken.access_token;
  const { access_token: after } = await request.oidc.accessToken.refresh();
  response.send(statePage({ before, after, claims: request.oidc.idTokenClaims, userinfo: await request.oidc.fetchUserInfo() }));
});
app.get('/sign-out', (_request, response) => response.redirect('/logout'));
app.use(onError);
app.listen(Number(PORT), '127.0.0.1');
