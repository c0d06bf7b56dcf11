/** Passport with `passport-openidconnect`, as its README has it. It knows no PKCE, and neither refreshes nor signs out at the hub. */
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import OpenIDConnectStrategy from 'passport-openidconnect';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  ISSUER,
  ORIGIN,
  onError,
  PORT,
  refresh,
  SCOPE,
  SECRET,
  SIGNED_OUT_PAGE,
  signOutUrl,
  statePage,
} from './shared.mjs';

passport.use(
  new OpenIDConnectStrategy(
    {
      issuer: ISSUER,
      authorizationURL: `${ISSUER}/authorize`,
      tokenURL: `${ISSUER}/token`,
      userInfoURL: `${ISSUER}/userinfo`,
      clientID: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      // Without PKCE, it is what binds the code to this browser.
      nonce: true,
      callbackURL: `${ORIGIN}/callback`,
      // It adds `openid`.
      scope: SCOPE.replace('openid ', ''),
    },
    // The arguments it passes depend on the number of parameters of this function.
    (_issuer, userinfo, profile, _context, idToken, accessToken, refreshToken, _params, done) =>
      done(null, { profile, userinfo: userinfo._json, idToken, accessToken, refreshToken }),
  ),
);
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));

const claimsOf = (idToken) => JSON.parse(Buffer.from(idToken.split('.')[1], 'base64url'));

const app = express();
app.use(session({ secret: SECRET, resave: false, saveUninitialized: false }), passport.session());
app.get('/goodbye', (_request, response) => response.send(SIGNED_OUT_PAGE));
app.get('/login', passport.authenticate('openidconnect'));
app.get('/callback', passport.authenticate('openidconnect', { successRedirect: '/', failWithError: true }));
app.use((request, response, next) => (request.isAuthenticated() ? next() : response.redirect('/login')));
app.get('/', ({ user }, response) => {
  response.send(statePage({ claims: claimsOf(user.idToken), userinfo: user.userinfo, profile: user.profile }));
});
app.get('/refresh', async ({ user }, response) => {
  const before = user.accessToken;
  const tokens = await refresh(user.refreshToken);
  Object.assign(user, { accessToken: tokens.access_token, refreshToken: tokens.refresh_token, idToken: tokens.id_token });
  response.send(statePage({ before, after: user.accessToken, claims: claimsOf(user.idToken), userinfo: user.userinfo }));
});
app.get('/sign-out', (request, response, next) => {
  const { idToken } = request.user;
  request.logout((error) => (error ? next(error) : response.redirect(signOutUrl(idToken))));
});
app.use(onError);
app.listen(Number(PORT), '127.0.0.1');
