/** Configures the OpenID provider: code flow with PKCE for all clients, no dynamic registration, our store and pages. */

import type { Log } from '@landbridge/runtime';
import { hashOfToken, LANGUAGES, languageFor, type Page, SAFE_HEADERS, speechIn } from '@landbridge/web';
import { type Client, type Configuration, errors, interactionPolicy, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { type ClientOptions, keptClientOptions } from '../store/client-options.ts';
import type { Store } from '../store/store.ts';
import { findAccount } from './accounts.ts';
import { adapterOn, OPTIONS, RESPONSE_MODES } from './adapter.ts';
import { resourceServerOf } from './apis.ts';
import type { Appearances } from './appearances.ts';
import { CLAIMS_OF_SCOPES } from './claims.ts';
import { scopesOfClient } from './clients.ts';
import type { ProviderKeys } from './keys.ts';
import { onwardTo } from './onward.ts';
import {
  confirmDevicePage,
  confirmSignOutPage,
  deviceDonePage,
  errorPage,
  onwardPage,
  type PageContext,
  providerSignedOutPage,
  userCodePage,
} from './pages.ts';
import { originsOf } from './redirect-uris.ts';

interface ProviderParts {
  store: Store;
  log: Log;
  keys: ProviderKeys;
  appearances: Appearances;
  issuer: string;
  loginPath: (interaction: string) => string;
  signInLifetimeSeconds: number;
}

const CODE_LIFETIME_SECONDS = 60;
const TOKEN_LIFETIME_SECONDS = 60 * 60;
/** Time to type a password, or to choose a new one. */
const INTERACTION_LIFETIME_SECONDS = 30 * 60;
/** Time to find another device, and to sign in there. */
const DEVICE_CODE_LIFETIME_SECONDS = 10 * 60;

export function createProvider(parts: ProviderParts): Provider {
  const { issuer, log } = parts;
  const provider = new Provider(issuer, configurationOf(parts));
  // Koa writes to standard error otherwise.
  provider.silent = true;
  // `mount.ts` overwrites X-Forwarded-* of every request.
  provider.proxy = true;
  // Only a hash of the secret is stored. Hashing both once more makes the comparison constant-time.
  provider.Client.prototype.compareClientSecret = function (this: { clientSecret?: string }, actual: string) {
    return this.clientSecret !== undefined && hashOfToken(hashOfToken(actual)) === hashOfToken(this.clientSecret);
  };
  provider.use(async (ctx, next) => {
    ctx.set({
      ...SAFE_HEADERS,
      // The only script is the provider's own, which submits a form_post response; it adds its hash to this empty list.
      'Content-Security-Policy': `default-src 'none'; script-src; base-uri 'none'; frame-ancestors 'none'`,
    });
    await next();
    // The provider lists `fragment` as well, which no client may use (`adapter.ts`).
    if (ctx.oidc?.route === 'discovery') Object.assign(Object(ctx.body), { response_modes_supported: RESPONSE_MODES });
    if (ctx.method === 'POST' && ctx.status === 303) {
      const location = ctx.response.get('Location');
      const onward = onwardTo(location, { keys: parts.keys.cookieKeys, secure: issuer.startsWith('https:') });
      if (onward !== undefined) {
        ctx.append('Set-Cookie', onward.cookie);
        ctx.set('Location', onward.path);
        return;
      }
      ctx.remove('Location');
      ctx.status = 200;
      await show(ctx, onwardPage(await contextOf(parts, ctx), location));
    }
  });
  const refused = (ctx: KoaContextWithOIDC, error: Error) =>
    log.info(
      { client: ctx.oidc?.client?.clientId, route: ctx.oidc?.route, error: error.message, detail: detailOf(error) },
      'OpenID request rejected',
    );
  provider.on('authorization.error', refused);
  provider.on('grant.error', refused);
  provider.on('userinfo.error', refused);
  provider.on('revocation.error', refused);
  provider.on('introspection.error', refused);
  provider.on('device_authorization.error', refused);
  provider.on('code_verification.error', refused);
  provider.on('end_session.error', refused);
  provider.on('end_session_confirm.error', refused);
  provider.on('backchannel.error', (_ctx, error, client) =>
    log.warn({ client: client.clientId, err: error }, 'Logout token not delivered: the application keeps its own session'),
  );
  provider.on('server_error', (ctx, error) => log.error({ err: error, route: ctx.oidc?.route }, 'OpenID provider failed'));
  return provider;
}

function configurationOf(parts: ProviderParts): Configuration {
  const { store, keys, issuer, loginPath, signInLifetimeSeconds } = parts;
  const secure = issuer.startsWith('https:');
  const off = { enabled: false };
  /** Sessions, grants and tokens do not outlive the sign-in. */
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
      introspection: '/introspect',
      device_authorization: '/device-authorization',
      code_verification: '/device',
      end_session: '/logout',
    },
    features: {
      devInteractions: off,
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        deviceInfo: () => ({}),
        async userCodeInputSource(ctx, form, _out, error) {
          const { session } = ctx.oidc;
          if (error === undefined || session?.exp !== undefined)
            return show(ctx, userCodePage(await contextOf(parts, ctx), form, error !== undefined));
          // A form without a session: the provider fails if it has to save a session that it has not stored before.
          Object.assign(session ?? {}, { touched: false });
          ctx.status = 303;
          ctx.redirect(`${issuer}/device`);
        },
        userCodeConfirmSource: async (ctx, form, client, _info, userCode) =>
          show(ctx, confirmDevicePage(await contextOf(parts, ctx), form, { application: nameOf(client), userCode })),
        successSource: async (ctx) => show(ctx, deviceDonePage(await contextOf(parts, ctx), nameOf(ctx.oidc.client))),
      },
      dPoP: off,
      pushedAuthorizationRequests: off,
      requestObjects: off,
      backchannelLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => [],
        getResourceServerInfo: (_ctx, resource, client) => {
          const api = resourceServerOf(optionsOf(client).apis, resource);
          if (api === undefined) throw new errors.InvalidTarget('the application was not granted this resource');
          return api;
        },
      },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId || optionsOf(client).introspectOthers,
      },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: {
        enabled: true,
        async logoutSource(ctx, form) {
          const { entities, session, client } = ctx.oidc;
          // The provider has checked its signature. Only the user's own application has an ID token of this user.
          const isConfirmed = session?.accountId !== undefined && entities.IdTokenHint?.payload.sub === session.accountId;
          await show(ctx, confirmSignOutPage(await contextOf(parts, ctx), form, { application: client?.clientName, isConfirmed }));
        },
        postLogoutSuccessSource: async (ctx) => show(ctx, providerSignedOutPage(await contextOf(parts, ctx), ctx.oidc.client?.clientName)),
      },
    },
    scopes: ['openid', 'offline_access'],
    claims: Object.fromEntries(Object.entries(CLAIMS_OF_SCOPES).map(([scope, claims]) => [scope, [...claims]])),
    // Many applications read only the ID token.
    conformIdTokenClaims: false,
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
    pkce: { required: (_ctx, client) => !optionsOf(client).allowMissingPkce },
    extraClientMetadata: { properties: [OPTIONS] },
    allowOmittingSingleRegisteredRedirectUri: false,
    extraParams: ['connection'],
    clientBasedCORS: (_ctx, origin, client) =>
      [...optionsOf(client).corsOrigins, ...(client.clientAuthMethod === 'none' ? originsOf(client.redirectUris ?? []) : [])].includes(
        origin,
      ),
    ttl: {
      AuthorizationCode: CODE_LIFETIME_SECONDS,
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? TOKEN_LIFETIME_SECONDS,
      IdToken: TOKEN_LIFETIME_SECONDS,
      Interaction: INTERACTION_LIFETIME_SECONDS,
      DeviceCode: DEVICE_CODE_LIFETIME_SECONDS,
      // Without a user, it only protects a form.
      Session: (_ctx, session) => (session.accountId === undefined ? INTERACTION_LIFETIME_SECONDS : restOfSignIn(session.loginTs)),
      Grant: signInLifetimeSeconds,
      RefreshToken: (_ctx, token) => restOfSignIn(typeof token.authTime === 'number' ? token.authTime : undefined),
    },
    // The provider only sends logout tokens, to addresses that an operator has entered. Within a company these may be private addresses.
    fetch: (url, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown } = {}) => fetch(url, options),
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    expiresWithSession: () => true,
    findAccount: (ctx, subject) =>
      findAccount(store, subject, { clientId: ctx.oidc.client?.clientId, userinfo: ctx.oidc.urlFor('userinfo') }),
    discovery: { ui_locales_supported: Object.keys(LANGUAGES) },
    loadExistingGrant: (ctx) => loadExistingGrant(store, ctx),
    interactions: { policy: policy(), url: (_ctx, interaction) => loginPath(interaction.uid) },
    renderError: async (ctx, out) => show(ctx, errorPage(await contextOf(parts, ctx), out)),
  };
}

function optionsOf(client: Client): ClientOptions {
  return keptClientOptions.parse(client[OPTIONS] ?? {});
}

/** When a user must sign in: for the standard's reasons, or if the session's account is not valid for this client. */
function policy() {
  const base = interactionPolicy.base();
  // The operator decides at registration what a client gets: no consent is asked, and `prompt=consent` has no effect.
  base.get('consent')?.checks.clear();
  base.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);
  base.get('login')?.checks.add(
    new interactionPolicy.Check('account', 'End-User authentication is required', 'login_required', async (ctx) => {
      const { account, params } = ctx.oidc;
      const requested = params?.connection;
      // Also checked after the sign-in, because the login page is not the only source of results.
      return account === undefined || (typeof requested === 'string' && requested !== '' && requested !== account.connection);
    }),
  );
  return base;
}

/**
 * Grants the requested scopes that an operator has allowed. Others are omitted, like unknown ones. Each sign-in has its own grant, so that the
 * previous one ends with its tokens.
 */
async function loadExistingGrant(store: Store, ctx: KoaContextWithOIDC) {
  const { oidc } = ctx;
  const { client, session, provider, account } = oidc;
  if (client === undefined || session === undefined || account === undefined) return undefined;
  const id = oidc.result?.login === undefined ? session.grantIdFor(client.clientId) : undefined;
  const grant =
    (id === undefined ? undefined : await provider.Grant.find(id)) ??
    new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  const known = await store.oidcClient(client.clientId);
  const allowed = known === undefined ? [] : scopesOfClient(known);
  grant.addOIDCScope([...oidc.requestParamOIDCScopes].filter((scope) => allowed.includes(scope)).join(' '));
  for (const [identifier, api] of Object.entries(oidc.resourceServers ?? {})) {
    const scopes = [...oidc.requestParamScopes].filter((scope) => api.scopes.has(scope));
    grant.addResourceScope(identifier, scopes.join(' '));
  }
  await grant.save();
  return grant;
}

/** In the language that the application or the browser asks for. */
async function contextOf(
  { appearances }: ProviderParts,
  ctx: Pick<KoaContextWithOIDC, 'query' | 'get'> & { oidc?: KoaContextWithOIDC['oidc'] },
): Promise<PageContext> {
  const { ui_locales: requested = ctx.query.ui_locales } = ctx.oidc?.params ?? {};
  const acceptLanguage = ctx.get('Accept-Language');
  const speech = speechIn(languageFor({ acceptLanguage, ...(typeof requested === 'string' ? { uiLocales: requested } : {}) }));
  return { speech, frame: (await appearances.frames(speech))(undefined) };
}

function nameOf(client: Client | undefined): string {
  return client?.clientName ?? client?.clientId ?? '';
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
