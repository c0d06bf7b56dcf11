/** The OpenID provider as we set it up: code flow with PKCE for everybody, nothing dynamic, our store, our pages. */

import type { Log } from '@landbridge/runtime';
import { hashOfToken, type Page, SAFE_HEADERS } from '@landbridge/web';
import { type Configuration, interactionPolicy, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Store } from '../store/store.ts';
import { findAccount } from './accounts.ts';
import { adapterOn } from './adapter.ts';
import { CLAIMS_OF_SCOPES } from './claims.ts';
import type { ProviderKeys } from './keys.ts';
import { confirmSignOutPage, errorPage, onwardPage, providerSignedOutPage } from './pages.ts';

export interface ProviderParts {
  store: Store;
  log: Log;
  keys: ProviderKeys;
  issuer: string;
  loginPath: (interaction: string) => string;
  signInLifetimeSeconds: number;
}

const CODE_LIFETIME_SECONDS = 60;
const TOKEN_LIFETIME_SECONDS = 60 * 60;
/** Time to find the password, and to think of a new one. */
const INTERACTION_LIFETIME_SECONDS = 30 * 60;

export function createProvider(parts: ProviderParts): Provider {
  const { issuer, log } = parts;
  const provider = new Provider(issuer, configurationOf(parts));
  // Koa writes to standard error otherwise.
  provider.silent = true;
  // With X-Forwarded-* as `mount.ts` sets them, whatever the request said.
  provider.proxy = true;
  // What is kept of a secret is its hash. Hashes are compared in constant time by being hashed once more.
  provider.Client.prototype.compareClientSecret = function (this: { clientSecret?: string }, actual: string) {
    return this.clientSecret !== undefined && hashOfToken(hashOfToken(actual)) === hashOfToken(this.clientSecret);
  };
  provider.use(async (ctx, next) => {
    ctx.set({
      ...SAFE_HEADERS,
      // The one script is the provider's own, which submits a form where no redirect can; it adds its hash to this empty list.
      'Content-Security-Policy': `default-src 'none'; script-src; base-uri 'none'; frame-ancestors 'none'`,
    });
    await next();
    if (ctx.method === 'POST' && ctx.status === 303) {
      const location = ctx.response.get('Location');
      ctx.remove('Location');
      ctx.status = 200;
      await show(ctx, onwardPage(location));
    }
  });
  const refused = (ctx: KoaContextWithOIDC, error: Error) =>
    log.info(
      { client: ctx.oidc?.client?.clientId, route: ctx.oidc?.route, error: error.message, detail: detailOf(error) },
      'OpenID request refused',
    );
  provider.on('authorization.error', refused);
  provider.on('grant.error', refused);
  provider.on('userinfo.error', refused);
  provider.on('revocation.error', refused);
  provider.on('end_session.error', refused);
  provider.on('end_session_confirm.error', refused);
  provider.on('server_error', (ctx, error) => log.error({ err: error, route: ctx.oidc?.route }, 'The OpenID provider failed'));
  return provider;
}

function configurationOf({ store, keys, issuer, loginPath, signInLifetimeSeconds }: ProviderParts): Configuration {
  const secure = issuer.startsWith('https:');
  const off = { enabled: false };
  /** Nothing outlives the sign-in that it came from. */
  const restOfSignIn = (signedInAt: number | undefined) =>
    Math.max(1, (signedInAt ?? epochSeconds()) + signInLifetimeSeconds - epochSeconds());
  return {
    adapter: adapterOn(store),
    jwks: keys.jwks,
    cookies: {
      keys: keys.cookieKeys,
      // With the prefix, no other host of the same domain can set it (RFC 6265bis, section 4.1.3.2).
      names: {
        session: `${secure ? '__Host-' : ''}landbridge_session`,
        interaction: 'landbridge_interaction',
        resume: 'landbridge_resume',
      },
      long: { httpOnly: true, sameSite: 'lax', signed: true, path: '/' },
      short: { httpOnly: true, sameSite: 'lax', signed: true },
    },
    routes: {
      authorization: '/authorize',
      token: '/token',
      userinfo: '/userinfo',
      jwks: '/jwks',
      revocation: '/revoke',
      end_session: '/logout',
    },
    features: {
      devInteractions: off,
      dPoP: off,
      pushedAuthorizationRequests: off,
      requestObjects: off,
      resourceIndicators: off,
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => show(ctx, confirmSignOutPage(form, ctx.oidc.client?.clientName)),
        postLogoutSuccessSource: (ctx) => show(ctx, providerSignedOutPage(ctx.oidc.client?.clientName)),
      },
    },
    scopes: ['openid', 'offline_access'],
    claims: Object.fromEntries(Object.entries(CLAIMS_OF_SCOPES).map(([scope, claims]) => [scope, [...claims]])),
    // Many applications read the ID token only.
    conformIdTokenClaims: false,
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    extraParams: ['connection'],
    clientBasedCORS: (_ctx, origin, client) =>
      client.clientAuthMethod === 'none' && (client.redirectUris ?? []).some((uri) => new URL(uri).origin === origin),
    ttl: {
      AuthorizationCode: CODE_LIFETIME_SECONDS,
      AccessToken: TOKEN_LIFETIME_SECONDS,
      IdToken: TOKEN_LIFETIME_SECONDS,
      Interaction: INTERACTION_LIFETIME_SECONDS,
      Session: (_ctx, session) => restOfSignIn(session.loginTs),
      Grant: signInLifetimeSeconds,
      RefreshToken: (_ctx, token) => restOfSignIn(typeof token.authTime === 'number' ? token.authTime : undefined),
    },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    expiresWithSession: () => true,
    findAccount: (ctx, subject) => findAccount(store, subject, ctx.oidc.client?.clientId),
    loadExistingGrant,
    interactions: { policy: policy(), url: (_ctx, interaction) => loginPath(interaction.uid) },
    renderError: async (ctx, out) => show(ctx, errorPage(out)),
  };
}

/** When a person has to sign in; beside the standard's reasons, where the session's account is no longer good for this client. */
function policy() {
  const base = interactionPolicy.base();
  // Whoever registers a client decides what it is given: nobody is asked for consent, and `prompt=consent` does no harm.
  base.get('consent')?.checks.clear();
  base.get('login')?.checks.add(
    new interactionPolicy.Check('account', 'End-User authentication is required', 'login_required', async (ctx) => {
      const { session, account, params } = ctx.oidc;
      if (session?.accountId === undefined || ctx.oidc.result?.login !== undefined) return account === undefined;
      const wanted = params?.connection;
      return account === undefined || (typeof wanted === 'string' && wanted !== account.connection);
    }),
  );
  return base;
}

/** A client gets the scopes that it asks for. Each sign-in has a grant of its own, so that the one before ends with its tokens. */
async function loadExistingGrant(ctx: KoaContextWithOIDC) {
  const { oidc } = ctx;
  const { client, session, provider, account } = oidc;
  if (client === undefined || session === undefined || account === undefined) return undefined;
  const id = oidc.result?.login === undefined ? session.grantIdFor(client.clientId) : undefined;
  const grant =
    (id === undefined ? undefined : await provider.Grant.find(id)) ??
    new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  grant.addOIDCScope([...oidc.requestParamOIDCScopes].join(' '));
  await grant.save();
  return grant;
}

async function show(ctx: KoaContextWithOIDC | { set(headers: Record<string, string>): void; type: string; body: unknown }, page: Page) {
  ctx.set({ ...page.headers });
  ctx.type = 'html';
  ctx.body = await page.html;
}

function detailOf(error: Error): string | undefined {
  return 'error_detail' in error && typeof error.error_detail === 'string' ? error.error_detail : undefined;
}

function epochSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
