/** The paths of the front channel: sign-in, its form, logout, metadata and the user search. */
import type { IncomingMessage } from 'node:http';
import type { KnownUser } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import {
  clientContextOf,
  createCookie,
  IMMUTABLE_HEADERS,
  isFromOwnPage,
  LOGIN_SCRIPT,
  languageFor,
  SAFE_HEADERS,
  type Speech,
  speechIn,
} from '@landbridge/web';
import {
  type AuthenticationMethod,
  isSignOut,
  issueToken,
  METADATA_PATH,
  replyAddressFor,
  type SignInRequest,
  signInRequestOf,
  type TokenIssuer,
} from '@landbridge/wsfed';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import type { ConnectorSignInEvents } from '../users/sign-in-events.ts';
import type { VerifiedIdentity } from '../users/sign-in-verified.ts';
import type { Users } from '../users/users.ts';
import type { Attempts } from './attempts.ts';
import { bearerProblem, type CheckBearer } from './bearer.ts';
import { identify, type SignInMethods, wwwAuthenticate } from './methods.ts';
import type { FrontChannelPage } from './pages/page.ts';
import { type FormProblem, formPage, invalidPage, replyForm, replyPage, signedOutPage } from './pages/pages.ts';
import { createPasswordAttempt, MAX_NAME_LENGTH } from './password-attempt.ts';
import { bodyValues, carriedRequest, type FrontContext, type FrontEnv, formValues, isFresh, merged, textIn } from './request-values.ts';
import type { FrontChannelSessions } from './session.ts';

export type FrontUsers = Pick<Users, 'authenticate' | 'signInVerified' | 'searchUsers'>;

export interface RouteOptions {
  siteName: string;
  issuer: TokenIssuer;
  replyAddresses: readonly string[];
  /** The XML document. */
  metadata: string;
  /** Where browsers reach this connector; its origin is that of our own form. */
  serverUrl: string;
  users: FrontUsers;
  signIns: ConnectorSignInEvents;
  methods: SignInMethods;
  sessions: FrontChannelSessions;
  attempts: Attempts;
  checkBearer: CheckBearer;
  /** Whether its connection is older than the current authorities or revocation lists: it has to reconnect to use a certificate. */
  isStale(request: IncomingMessage): boolean;
  log: Log;
}

/** For a sign-in request of a hub with a name and a password. */
const MAX_BODY_BYTES = 128 * 1024;
/** As long as a hub waits for a sign-in over the socket. */
const SIGN_IN_TIMEOUT_MS = 30_000;
const MAX_USERS = 1000;

const METHODS: Readonly<Record<VerifiedIdentity['method'] | 'form', AuthenticationMethod>> = {
  form: 'password',
  session: 'password',
  kerberos: 'kerberos',
  'proxy-header': 'kerberos',
  certificate: 'certificate',
};

type SignedInUser = KnownUser & { method: keyof typeof METHODS; authenticatedAt: Date };

export function frontRoutes(options: RouteOptions): Hono<FrontEnv> {
  const { siteName, issuer, users, signIns, methods, sessions, log } = options;
  const tryPassword = createPasswordAttempt(options);
  const app = new Hono<FrontEnv>();
  const tooLarge = (c: Context) => c.text('Request too large\n', 413, SAFE_HEADERS);
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge }));

  const clientOf = (c: FrontContext) => clientContextOf(c.env.incoming);
  const cookie = createCookie({
    name: 'landbridge',
    // Lax: users come here from pages of the hub.
    sameSite: 'Lax',
    isSecure: (c) => clientContextOf(c.env.incoming).secure,
    maxAgeSeconds: sessions.maxAgeSeconds,
  });
  const speechOf = (c: FrontContext): Speech => speechIn(languageFor({ acceptLanguage: c.req.header('Accept-Language') ?? '' }));
  const context = (c: FrontContext) => ({
    correlationId: clientOf(c).id,
    signal: AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(SIGN_IN_TIMEOUT_MS)]),
  });

  function isOwn(c: FrontContext, otherPages: readonly string[] = []): boolean {
    return isFromOwnPage(c, { publicUrl: options.serverUrl, otherPages, acceptsUnlabelled: true });
  }

  async function send(c: FrontContext, page: FrontChannelPage, headers: Record<string, string | undefined> = {}): Promise<Response> {
    const extra = Object.entries(headers).filter((header): header is [string, string] => header[1] !== undefined);
    return c.body(await page.body, page.status, { ...page.headers, ...Object.fromEntries(extra) });
  }

  function form(
    c: FrontContext,
    request: SignInRequest,
    more: { name?: string; problem?: FormProblem; waitSeconds?: number | undefined; status?: FrontChannelPage['status'] } = {},
  ): FrontChannelPage {
    const carried = Buffer.from(JSON.stringify(request)).toString('base64url');
    return formPage({ speech: speechOf(c), siteName, carried, ...more });
  }

  /** @returns undefined if no token could be issued, which is logged */
  async function tokenFor(c: FrontContext, { wctx }: SignInRequest, user: SignedInUser): Promise<string | undefined> {
    try {
      return await issueToken({ ...user, method: METHODS[user.method], context: wctx }, issuer);
    } catch (error) {
      log.error({ err: error, correlationId: clientOf(c).id }, 'Sign-in failed: no token could be issued');
      return undefined;
    }
  }

  /** @returns the page that carries the token to the hub; undefined if no token could be issued */
  async function tokenPage(
    c: FrontContext,
    request: SignInRequest,
    replyTo: string,
    user: SignedInUser,
  ): Promise<FrontChannelPage | undefined> {
    const wresult = await tokenFor(c, request, user);
    return wresult === undefined ? undefined : replyPage({ speech: speechOf(c), siteName, replyTo, wctx: request.wctx, wresult });
  }

  const unavailable = (c: FrontContext, request: SignInRequest) => form(c, request, { problem: 'unavailable', status: 503 });

  /** @returns where the token goes; undefined for an invalid request, which is logged */
  function replyToOf(c: FrontContext, request: SignInRequest): string | undefined {
    const address = replyAddressFor(request, { realm: issuer.audience, replyAddresses: options.replyAddresses });
    if ('replyTo' in address) return address.replyTo;
    const { id: correlationId, address: from } = clientOf(c);
    log.warn({ correlationId, address: from, reason: address.refused }, 'Sign-in request rejected');
    return undefined;
  }

  async function signIn(c: FrontContext, request: SignInRequest): Promise<Response> {
    if (isSignOut(request)) return signOut(c);
    const replyTo = replyToOf(c, request);
    if (replyTo === undefined) return send(c, invalidPage(speechOf(c), siteName));
    const { incoming } = c.env;
    // The user may want to sign in as another user.
    if (new URL(c.req.url).searchParams.get('wprompt') === 'consent') return send(c, form(c, request));
    if (options.isStale(incoming) && c.req.method === 'GET') {
      return c.body(null, 307, { ...SAFE_HEADERS, Location: `wsfed${new URL(c.req.url).search}`, Connection: 'close' });
    }
    const identity = await identify(incoming, methods, log);
    const headers = { 'WWW-Authenticate': wwwAuthenticate(incoming, methods, identity) };
    if (identity !== undefined) return send(c, await signInVerified(c, request, replyTo, identity), headers);
    const session = sessions.read(cookie.read(c));
    if (session !== undefined && isFresh(session.at, request.wfresh)) {
      const { name, subject, at } = session;
      return send(c, await signInVerified(c, request, replyTo, { method: 'session', name, subject, principal: name, authenticatedAt: at }));
    }
    return send(c, form(c, request, headers['WWW-Authenticate'] === undefined ? {} : { status: 401 }), headers);
  }

  /** @returns the page with the token; the form if the directory rejects the user */
  async function signInVerified(
    c: FrontContext,
    request: SignInRequest,
    replyTo: string,
    identity: VerifiedIdentity,
  ): Promise<FrontChannelPage> {
    const { method, principal, authenticatedAt = new Date() } = identity;
    const { id: correlationId, address } = clientOf(c);
    const startedAt = performance.now();
    const outcome = await users.signInVerified(identity, context(c));
    signIns.emit('signIn', { correlationId, user: principal, method, address, outcome, ms: performance.now() - startedAt });
    if ('failure' in outcome) {
      // Sessions never work without a service account, but the form does.
      return outcome.failure.wireName === undefined && method !== 'session' ? unavailable(c, request) : form(c, request);
    }
    return (await tokenPage(c, request, replyTo, { ...outcome, method, authenticatedAt })) ?? unavailable(c, request);
  }

  const passwordOutcome = (c: FrontContext, username: string, password: string) =>
    tryPassword({ username: username.trim(), password, address: clientOf(c).address }, context(c));

  async function signInByForm(c: FrontContext, values: URLSearchParams): Promise<Response> {
    const request = carriedRequest(values) ?? signInRequestOf(merged(c, values));
    const replyTo = replyToOf(c, request);
    if (replyTo === undefined) return send(c, invalidPage(speechOf(c), siteName));
    if (!isOwn(c)) return send(c, form(c, request, { problem: 'foreignForm', status: 403 }));
    const name = (values.get('username') ?? '').trim();
    const outcome = await passwordOutcome(c, name, values.get('password') ?? '');
    if ('problem' in outcome) {
      const { problem, status, retryAfter } = outcome;
      const waitSeconds = retryAfter === undefined ? undefined : Number(retryAfter);
      return send(c, form(c, request, { problem, status, waitSeconds, name: name.slice(0, MAX_NAME_LENGTH) }), {
        'Retry-After': retryAfter,
      });
    }
    const at = new Date();
    const { subject } = outcome;
    const page = await tokenPage(c, request, replyTo, { ...outcome, method: 'form', authenticatedAt: at });
    if (page === undefined) return send(c, unavailable(c, request));
    const session = subject === undefined ? undefined : sessions.issue({ name, subject, at });
    if (session !== undefined) cookie.write(c, session);
    return send(c, page);
  }

  /** Redirects only to an exact address of the hub. */
  function signOut(c: FrontContext): Promise<Response> {
    cookie.clear(c);
    const returnTo = new URL(c.req.url).searchParams.get('returnTo');
    if (returnTo !== null && options.replyAddresses.includes(returnTo)) {
      return Promise.resolve(c.body(null, 302, { ...SAFE_HEADERS, Location: returnTo }));
    }
    return send(c, signedOutPage(speechOf(c), siteName));
  }

  app.get('/wsfed', (c) => signIn(c, signInRequestOf(new URL(c.req.url).searchParams)));
  app.post('/wsfed', async (c) => {
    const values = await formValues(c);
    // Hubs may post their requests; only our own form has a user name.
    return values.has('username') ? signInByForm(c, values) : signIn(c, signInRequestOf(merged(c, values)));
  });

  app.post('/wsfed/direct', async (c) => {
    const { username, password, ...body } = await bodyValues(c);
    const texts = Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    const request = signInRequestOf(merged(c, new URLSearchParams(texts)));
    const replyTo = replyToOf(c, request);
    if (replyTo === undefined) return c.json({ code: 'invalid_request' }, 400, SAFE_HEADERS);
    if (!isOwn(c, options.replyAddresses)) return c.json({ code: 'foreign_origin' }, 403, SAFE_HEADERS);
    const outcome = await passwordOutcome(c, textIn(username), textIn(password));
    if ('problem' in outcome) {
      const status = outcome.status === 429 || outcome.status === 503 ? outcome.status : 401;
      const code = status === 401 ? 'invalid_user_password' : status === 429 ? 'too_many_attempts' : 'unavailable';
      if (outcome.retryAfter !== undefined) c.header('Retry-After', outcome.retryAfter);
      return c.json({ [code]: true, code, problem: outcome.problem }, status, SAFE_HEADERS);
    }
    const { profile, subject } = outcome;
    // Hubs that send no context expect back what they sent, as replaced connectors return it.
    const wctx = request.wctx ?? JSON.stringify({ strategy: 'ad', ...body });
    const wresult = await tokenFor(c, { ...request, wctx }, { profile, subject, method: 'form', authenticatedAt: new Date() });
    if (wresult === undefined) return c.json({ unavailable: true, code: 'unavailable' }, 503, SAFE_HEADERS);
    return c.body(String(await replyForm({ replyTo, wctx, wresult })), 200, {
      ...SAFE_HEADERS,
      'Content-Type': 'text/html; charset=utf-8',
    });
  });

  app.get(METADATA_PATH, (c) =>
    c.body(options.metadata, 200, { 'Content-Type': 'application/xml; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }),
  );
  app.get('/logout', signOut);
  app.get(LOGIN_SCRIPT.path, (c) => c.body(LOGIN_SCRIPT.text, 200, { 'Content-Type': LOGIN_SCRIPT.type, ...IMMUTABLE_HEADERS }));

  app.get('/users', async (c) => {
    const { id: correlationId, address } = clientOf(c);
    const audiences = [issuer.audience, options.serverUrl, `${options.serverUrl}/users`];
    const reason = await bearerProblem(c.req.header('Authorization'), options.checkBearer, audiences);
    if (reason !== undefined) {
      log.warn({ correlationId, address, reason }, 'User search rejected: invalid bearer token');
      return c.json({ code: 'unauthorized' }, 401, { ...SAFE_HEADERS, 'WWW-Authenticate': 'Bearer' });
    }
    const query = new URL(c.req.url).searchParams;
    const requested = Number(query.get('limit') ?? MAX_USERS);
    const limit = Number.isInteger(requested) && requested >= 1 ? Math.min(requested, MAX_USERS) : MAX_USERS;
    const answer = await users.searchUsers({ pid: correlationId, search: query.get('criteria') ?? '', limit, escaped: false }, context(c));
    return 'failure' in answer ? c.json({ code: 'unavailable' }, 503, SAFE_HEADERS) : c.json(answer.users, 200, SAFE_HEADERS);
  });

  app.notFound((c) => c.text('Not found\n', 404, SAFE_HEADERS));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return c.text(error.message, error.status, SAFE_HEADERS);
    log.error({ err: error, correlationId: clientOf(c).id }, 'Request failed');
    return c.text('Internal error\n', 500, SAFE_HEADERS);
  });
  return app;
}
