/** What the front channel answers at each path: sign-in, its form, logout, metadata, and the search for people. */
import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { Log } from '@landbridge/runtime';
import { clientContextOf, isFromOwnPage, SAFE_HEADERS } from '@landbridge/web';
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
import { z } from 'zod';
import type { Users } from '../users/users.ts';
import type { Attempts } from './attempts.ts';
import { bearerProblem, type CheckBearer } from './bearer.ts';
import { sessionCookie, sessionOf } from './cookies.ts';
import type { Identity, Way } from './identity.ts';
import { type Language, languageFor, type Problem } from './pages/languages.ts';
import type { Page } from './pages/page.ts';
import { formPage, invalidPage, replyPage, signedOutPage } from './pages/pages.ts';
import { createPasswordAttempt, MAX_NAME_LENGTH, type Signed } from './password-attempt.ts';
import type { Sessions } from './session.ts';
import { knownPerson, type Ways } from './ways.ts';

export type FrontUsers = Pick<Users, 'authenticate' | 'signInKnown' | 'searchUsers'>;

export interface RouteOptions {
  siteName: string;
  issuer: TokenIssuer;
  replyAddresses: readonly string[];
  /** The XML document, as it stands. */
  metadata: string;
  /** Where browsers reach this connector; its origin is that of our own form. */
  serverUrl: string;
  users: FrontUsers;
  ways: Ways;
  sessions: Sessions;
  attempts: Attempts;
  checkBearer: CheckBearer;
  /** Whether its connection was made before certificates or lists were renewed: it has to be made anew to count. */
  isStale(request: IncomingMessage): boolean;
  log: Log;
}

type Env = { Bindings: HttpBindings };
type C = Context<Env>;

/** What a hub sends with a sign-in, a name and a password. */
const MAX_BODY_BYTES = 128 * 1024;
/** As long as a hub waits for the same over the socket. */
const SIGN_IN_TIMEOUT_MS = 30_000;
const MAX_USERS = 1000;

const METHODS: Readonly<Record<Way, AuthenticationMethod>> = {
  form: 'password',
  session: 'password',
  kerberos: 'kerberos',
  'proxy-header': 'kerberos',
  certificate: 'certificate',
};

const carriedSchema = z.object({
  wa: z.string(),
  wtrealm: z.string().optional(),
  wctx: z.string().optional(),
  wreply: z.string().optional(),
  wfresh: z.string().optional(),
});

export function frontRoutes(options: RouteOptions): Hono<Env> {
  const { siteName, issuer, users, ways, sessions, log } = options;
  const passwordAttempt = createPasswordAttempt(options);
  const app = new Hono<Env>();
  const tooLarge = (c: Context) => c.text('Too large\n', 413, SAFE_HEADERS);
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge }));

  const clientOf = (c: C) => clientContextOf(c.env.incoming);
  const languageOf = (c: C): Language => languageFor(c.req.header('Accept-Language'));
  const context = (c: C) => ({
    correlationId: clientOf(c).id,
    signal: AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(SIGN_IN_TIMEOUT_MS)]),
  });

  function isOwn(c: C, otherPages: readonly string[] = []): boolean {
    return isFromOwnPage(c, { publicUrl: options.serverUrl, otherPages, acceptsUnlabelled: true });
  }

  async function send(c: C, page: Page, headers: Record<string, string | undefined> = {}): Promise<Response> {
    const extra = Object.entries(headers).filter((header): header is [string, string] => header[1] !== undefined);
    return c.body(await page.body, page.status, { ...page.headers, ...Object.fromEntries(extra) });
  }

  function form(c: C, request: SignInRequest, more: { name?: string; problem?: Problem; status?: Page['status'] } = {}): Page {
    const carried = Buffer.from(JSON.stringify(request)).toString('base64url');
    return formPage({ language: languageOf(c), siteName, carried, ...more });
  }

  /** The page that carries the token back. @throws CodedError PROFILE_WITHOUT_ID */
  async function reply(c: C, request: SignInRequest, replyTo: string, signed: { answer: Signed; how: Way; at: Date }): Promise<Page> {
    const { answer, how, at } = signed;
    const wresult = await issueToken({ profile: answer.profile, method: METHODS[how], authenticatedAt: at, context: request.wctx }, issuer);
    return replyPage({ language: languageOf(c), siteName, replyTo, wctx: request.wctx, wresult });
  }

  /** Where this goes on, or the page that says that it does not. */
  function checked(c: C, request: SignInRequest): { replyTo: string } | { page: Page } {
    const address = replyAddressFor(request, { realm: issuer.audience, replyAddresses: options.replyAddresses });
    if ('replyTo' in address) return address;
    const { id, address: from } = clientOf(c);
    log.warn({ request: id, address: from, reason: address.refused }, 'A sign-in cannot go on');
    return { page: invalidPage(languageOf(c), siteName) };
  }

  async function begin(c: C, request: SignInRequest): Promise<Response> {
    if (isSignOut(request)) return signOut(c);
    const target = checked(c, request);
    if ('page' in target) return send(c, target.page);
    const { incoming } = c.env;
    if (options.isStale(incoming) && c.req.method === 'GET') {
      return c.body(null, 307, { ...SAFE_HEADERS, Location: `wsfed${new URL(c.req.url).search}`, Connection: 'close' });
    }
    const client = clientOf(c);
    const { identity, wwwAuthenticate } = await knownPerson(incoming, client, ways, log);
    const headers = { 'WWW-Authenticate': wwwAuthenticate };
    if (identity !== undefined) return send(c, await pageFor(c, request, target.replyTo, identity, new Date()), headers);
    const session = sessions.read(sessionOf(c.req.header('Cookie'), client.secure));
    if (session !== undefined && isFresh(session.at, request.wfresh)) {
      const known: Identity = { how: 'session', person: { name: session.name }, principal: session.name };
      return send(c, await pageFor(c, request, target.replyTo, known, session.at));
    }
    return send(c, form(c, request, wwwAuthenticate === undefined ? {} : { status: 401 }), headers);
  }

  /** Of somebody who is known by ticket, certificate or session; whoever the directory refuses gets the form. */
  async function pageFor(c: C, request: SignInRequest, replyTo: string, identity: Identity, at: Date): Promise<Page> {
    const { how, person, principal } = identity;
    const about = { request: clientOf(c).id, address: clientOf(c).address, how, principal };
    const answer = await users.signInKnown(person, context(c));
    if ('err' in answer) {
      log.info({ ...about, reason: answer.err.name ?? answer.err.message }, 'Known, and not signed in: the form is shown');
      // Without a service account no session can be looked at; the form still works.
      return answer.err.name === undefined && how !== 'session'
        ? form(c, request, { problem: 'unavailable', status: 503 })
        : form(c, request);
    }
    try {
      const page = await reply(c, request, replyTo, { answer, how, at });
      log.info(about, 'Signed in');
      return page;
    } catch (error) {
      return failed(c, request, error);
    }
  }

  function failed(c: C, request: SignInRequest, error: unknown): Page {
    log.error({ err: error, request: clientOf(c).id }, 'No token could be made');
    return form(c, request, { problem: 'unavailable', status: 503 });
  }

  async function signInByForm(c: C, values: URLSearchParams): Promise<Response> {
    const request = requestOfForm(values) ?? signInRequestOf(merged(c, values));
    const target = checked(c, request);
    if ('page' in target) return send(c, target.page);
    const username = (values.get('username') ?? '').trim();
    const name = username.slice(0, MAX_NAME_LENGTH);
    if (!isOwn(c)) return send(c, form(c, request, { problem: 'foreignForm', status: 403 }));
    const outcome = await passwordAttempt({ username, password: values.get('password') ?? '', address: clientOf(c).address }, context(c));
    if ('problem' in outcome) return send(c, form(c, request, { ...outcome, name }), { 'Retry-After': outcome.retryAfter });
    const at = new Date();
    try {
      const page = await reply(c, request, target.replyTo, { answer: outcome, how: 'form', at });
      const { secure } = clientOf(c);
      const session = sessions.issue({ name: username, at });
      return send(c, page, { 'Set-Cookie': session === undefined ? undefined : sessionCookie(session, secure, sessions.maxAgeSeconds) });
    } catch (error) {
      return send(c, failed(c, request, error));
    }
  }

  function signOut(c: C): Promise<Response> {
    const { secure } = clientOf(c);
    return send(c, signedOutPage(languageOf(c), siteName), { 'Set-Cookie': sessionCookie('', secure, 0) });
  }

  app.get('/wsfed', (c) => begin(c, signInRequestOf(new URL(c.req.url).searchParams)));
  app.post('/wsfed', async (c) => {
    const values = await formValues(c);
    // A hub may post its request, too; whoever comes from a page of ours brings a name.
    return values.has('username') ? signInByForm(c, values) : begin(c, signInRequestOf(merged(c, values)));
  });

  app.post('/wsfed/direct', async (c) => {
    const values = merged(c, await formValues(c));
    const request = signInRequestOf(values);
    const target = checked(c, request);
    if ('page' in target) return c.json({ code: 'invalid_request' }, 400, SAFE_HEADERS);
    if (!isOwn(c, options.replyAddresses)) return c.json({ code: 'foreign_origin' }, 403, SAFE_HEADERS);
    const outcome = await passwordAttempt(
      { username: (values.get('username') ?? '').trim(), password: values.get('password') ?? '', address: clientOf(c).address },
      context(c),
    );
    if ('problem' in outcome) {
      const status = outcome.status === 429 || outcome.status === 503 ? outcome.status : 401;
      const code = status === 401 ? 'invalid_user_password' : status === 429 ? 'too_many_attempts' : 'unavailable';
      if (outcome.retryAfter !== undefined) c.header('Retry-After', outcome.retryAfter);
      return c.json({ [code]: true, code, problem: outcome.problem }, status, SAFE_HEADERS);
    }
    try {
      return await send(c, await reply(c, request, target.replyTo, { answer: outcome, how: 'form', at: new Date() }));
    } catch (error) {
      log.error({ err: error, request: clientOf(c).id }, 'No token could be made');
      return c.json({ unavailable: true, code: 'unavailable' }, 503, SAFE_HEADERS);
    }
  });

  app.get(METADATA_PATH, (c) =>
    c.body(options.metadata, 200, { 'Content-Type': 'application/xml; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }),
  );
  app.get('/logout', signOut);

  app.get('/users', async (c) => {
    const problem = await bearerProblem(c.req.header('Authorization'), options.checkBearer, [
      issuer.audience,
      options.serverUrl,
      `${options.serverUrl}/users`,
    ]);
    if (problem !== undefined) {
      log.warn({ request: clientOf(c).id, address: clientOf(c).address, reason: problem }, 'A search for people was refused');
      return c.json({ code: 'unauthorized' }, 401, { ...SAFE_HEADERS, 'WWW-Authenticate': 'Bearer' });
    }
    const query = new URL(c.req.url).searchParams;
    const limit = Number(query.get('limit') ?? MAX_USERS);
    const wanted = Number.isInteger(limit) && limit >= 1 ? Math.min(limit, MAX_USERS) : MAX_USERS;
    const answer = await users.searchUsers(
      { pid: clientOf(c).id, search: query.get('criteria') ?? '', limit: wanted, escaped: false },
      context(c),
    );
    return 'err' in answer ? c.json({ code: 'unavailable' }, 503, SAFE_HEADERS) : c.json(answer.users, 200, SAFE_HEADERS);
  });

  app.notFound((c) => c.text('There is nothing here\n', 404, SAFE_HEADERS));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return c.text(error.message, error.status, SAFE_HEADERS);
    log.error({ err: error, request: clientOf(c).id }, 'A request could not be answered');
    return c.text('This did not work\n', 500, SAFE_HEADERS);
  });
  return app;
}

async function formValues(c: C): Promise<URLSearchParams> {
  const type = c.req.header('Content-Type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') {
    throw new HTTPException(415, { message: 'A form is expected\n' });
  }
  return new URLSearchParams(await c.req.text());
}

/** Of the address and of the form: what the form says counts. */
function merged(c: C, values: URLSearchParams): URLSearchParams {
  const all = new URL(c.req.url).searchParams;
  for (const name of ['username', 'password']) all.delete(name);
  for (const name of values.keys()) all.delete(name);
  for (const [name, value] of values) all.append(name, value);
  return all;
}

/** What our own form gives back of the hub's request. Anybody can make it up, and it is checked as if it came for the first time. */
function requestOfForm(values: URLSearchParams): SignInRequest | undefined {
  const carried = values.get('request');
  if (carried === null) return undefined;
  try {
    const { wa, wtrealm, wctx, wreply, wfresh } = carriedSchema.parse(JSON.parse(Buffer.from(carried, 'base64url').toString()));
    return { wa, wtrealm, wctx, wreply, wfresh };
  } catch {
    return undefined;
  }
}

/** @param wfresh in minutes; 0: the person has to be asked */
function isFresh(at: Date, wfresh: string | undefined): boolean {
  if (wfresh === undefined || !/^\d{1,9}$/.test(wfresh)) return true;
  return Date.now() - at.getTime() < Number(wfresh) * 60_000;
}
