/**
 * The login pages over HTTP: from an application's request to a signed-in account, in one browser. Each form is answered with a redirect, so that
 * going back never asks to send a form again.
 */
import { FAILURES, type FailureCode, type KnownUser } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import {
  clientAddressOf,
  IMMUTABLE_HEADERS,
  isFromOwnPage,
  LOGIN_SCRIPT,
  type Page,
  type PlainKey,
  readForm,
  SAFE_HEADERS,
  sameText,
} from '@landbridge/web';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Eligibility } from '../connectors/connector.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { FrontChannelFlow } from '../frontchannel/front-channel.ts';
import { forgetAccount, rememberAccount } from '../oidc/accounts.ts';
import type { Appearances } from '../oidc/appearances.ts';
import { createDroppedReport } from '../oidc/dropped-values.ts';
import type { Oidc } from '../oidc/mount.ts';
import { ONWARD_PATH, onwardTo, takeOnward } from '../oidc/onward.ts';
import { onwardPage } from '../oidc/pages.ts';
import type { SignIn, SignInAttempt, SignInResult } from '../sign-in/sign-in.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import { createFamiliarBrowsers } from './familiar-browsers.ts';
import { createFrontChannelRedirect } from './front-channel-redirect.ts';
import { createKeptPasswords } from './kept-passwords.ts';
import { createFindLogin, type Login, type LoginEnv, type LoginRequest, speechOf } from './login.ts';
import { LOGIN_PATH } from './pages.ts';
import { connectionByHints, connectionOfUser, listed } from './realm.ts';
import { createStepPages } from './step-pages.ts';
import { createLoginViews, type LoginStep, type LoginView } from './view.ts';

/** Far more than a user name and passwords need. */
const MAX_FORM_BYTES = 64 * 1024;
/** An assertion in a form, which encodes some characters in three bytes. */
const MAX_ASSERTION_BYTES = 1024 * 1024;

/** Answers `prompt=select_account`. The provider still checks whether the account may sign in. */
const ACCOUNT_CHOSEN = { select_account: {} };

const reason = z.enum(['password_expired', 'password_change_required']);
/** The new password cannot be set here, whatever the user enters. */
const CANNOT_CHANGE: readonly FailureCode[] = ['insufficient_access_rights', 'connector_outdated'];
const CANNOT_ASK: readonly Eligibility[] = ['connector_offline', 'connector_outdated'];

type Refused = Extract<SignInResult, { failure: unknown }>;

export function loginRoutes(parts: {
  store: Store;
  oidc: Pick<Oidc, 'provider' | 'cookieKeys'>;
  signIn: SignIn;
  online: OnlineConnectors;
  frontChannel: FrontChannelFlow;
  appearances: Appearances;
  log: Log;
  publicUrl: () => string;
  signInLifetimeSeconds: number;
}): Hono<LoginEnv> {
  const { store, oidc, signIn, online, frontChannel, appearances, log, publicUrl } = parts;
  const isSecure = () => publicUrl().startsWith('https:');
  const pathOf = (interaction: string) => `${LOGIN_PATH}/${interaction}`;
  const views = createLoginViews({ keys: oidc.cookieKeys, path: pathOf, isSecure });
  const { findLogin, whyOver } = createFindLogin({ ...parts, views });
  const { redirectToConnector, mayRedirect } = createFrontChannelRedirect({ frontChannel, isHttps: isSecure });
  const familiarBrowsers = createFamiliarBrowsers({ keys: oidc.cookieKeys, isSecure });
  const passwords = createKeptPasswords();
  const { firstPage, stepPage, overPage } = createStepPages({ store, passwords });
  const reportDropped = createDroppedReport(log);

  /** Users are only asked for a new password if a connector can change it. */
  const canChangePassword = (connection: Connection) =>
    online.of(connection.id).some((connector) => !CANNOT_ASK.includes(connector.eligibility('changeOwnPassword')));

  function send(c: LoginRequest, { html, headers }: Page, status: 200 | 400 | 403 | 404 = 200): Response | Promise<Response> {
    return c.html(html, status, { ...headers });
  }

  function redirect(c: LoginRequest, path: string): Response {
    return c.body(null, 303, { ...SAFE_HEADERS, Location: path });
  }

  /** Answers a form with a redirect to the page of a step. */
  function goTo(c: LoginRequest, { interaction, path, clientId }: Login, step: LoginStep, shown: Partial<LoginView> = {}): Response {
    views.write(c, interaction, { ...shown, step, clientId });
    return redirect(c, step === '' ? path : `${path}/${step}`);
  }

  /** Leaves for an address that may be another site's; the sign-in has ended. */
  async function leave(c: LoginRequest, { interaction, clientId, speech, frame }: Login, location: string): Promise<Response> {
    passwords.forget(interaction);
    views.write(c, interaction, { clientId, finished: true });
    const onward = onwardTo(location, { keys: oidc.cookieKeys(), secure: isSecure() });
    if (onward === undefined) return send(c, onwardPage({ speech, frame: frame() }, location));
    c.header('Set-Cookie', onward.cookie, { append: true });
    return redirect(c, onward.path);
  }

  type Handler = (c: LoginRequest) => Promise<Response>;
  const forLogin =
    (handle: (c: LoginRequest, login: Login) => Response | Promise<Response>): Handler =>
    async (c) => {
      const login = await findLogin(c);
      return login === undefined ? send(c, overPage(await whyOver(c)), 404) : handle(c, login);
    };

  /** Handles only forms that belong to this sign-in. */
  const forForm =
    (handle: (c: LoginRequest, login: Login, form: URLSearchParams) => Response | Promise<Response>): Handler =>
    async (c) => {
      const form = await readForm(c, MAX_FORM_BYTES);
      const login = await findLogin(c);
      if (login === undefined) return redirect(c, pathOf(encodeURIComponent(c.req.param('uid') ?? '')));
      if (isFromOwnPage(c, { publicUrl: publicUrl(), acceptsUnlabelled: true }) && sameText(form.get('token') ?? '', login.formToken))
        return handle(c, login, form);
      // Changes nothing in the browser: another page sent the form.
      return send(c, await firstPage(login, { problem: { key: 'forgedForm' } }), 403);
    };

  /** @returns the connection by the application's hints, else by the user's address */
  async function connectionFromStart({ possible, hints, hasFrontChannel }: Login): Promise<Connection | undefined> {
    const [here, ...others] = possible.filter(hasFrontChannel);
    return (await connectionByHints(store, possible, hints)) ?? (others.length === 0 ? here : undefined);
  }

  function attemptOf(c: LoginRequest, login: Login, form: URLSearchParams, connection: Connection): SignInAttempt {
    const username = form.get('username')?.trim() ?? '';
    return {
      connection,
      username,
      isFamiliarBrowser: familiarBrowsers.knows(c, connection, username),
      password: form.get('password') ?? '',
      remoteAddress: clientAddressOf(c),
      via: 'oidc',
      clientId: login.clientId,
    };
  }

  /** Returns the signed-in user to the application, by way of the provider. */
  async function finish(
    c: LoginRequest,
    login: Login,
    signedIn: KnownUser & {
      connection: Connection;
      username: string;
      correlationId: string;
      authentication: { amr?: string[]; ts?: number };
    },
  ): Promise<Response> {
    const { connection, username, correlationId, authentication } = signedIn;
    const accountId = await rememberAccount({ store, reportDropped, lifetimeMs: parts.signInLifetimeSeconds * 1000 }, signedIn);
    if (accountId === undefined) {
      log.error({ connection: connection.name, correlationId }, `Sign-in failed: ${FAILURES.user_without_id.message}`);
      return goTo(c, login, 'sign-in', { connection: connection.name, username, problem: 'user_without_id' });
    }
    const result = { login: { ...authentication, accountId }, ...ACCOUNT_CHOSEN };
    return leave(c, login, await oidc.provider().interactionResult(c.env.incoming, c.env.outgoing, result));
  }

  function finishByPassword(
    c: LoginRequest,
    login: Login,
    { connection, username }: SignInAttempt,
    { profile, subject, correlationId, cachedAt }: Extract<SignInResult, { profile: unknown }>,
  ): Promise<Response> {
    if (cachedAt === undefined) familiarBrowsers.remember(c, connection, username);
    const authentication = { amr: cachedAt !== undefined ? ['pwd', 'cache'] : ['pwd'] };
    return finish(c, login, { connection, username, profile, subject, correlationId, authentication });
  }

  async function failed(
    c: LoginRequest,
    login: Login,
    { connection, username, password }: SignInAttempt,
    { failure, correlationId }: Refused,
  ) {
    const { code, subject, rules } = failure;
    if (subject !== undefined && FAILURES[code].endsSessions) await forgetAccount(store, connection, subject);
    const about = { connection: connection.name, username, correlationId };
    if (code === 'password_expired' || code === 'password_change_required') {
      if (!canChangePassword(connection)) return goTo(c, login, 'cannot-change', { ...about, reason: code });
      // The directory has accepted it, so it is not typed again.
      passwords.keep({ interaction: login.interaction, connectionId: connection.id, username }, password);
      return goTo(c, login, 'new-password', { ...about, reason: code, rules });
    }
    return goTo(c, login, 'sign-in', { ...about, ...problemOf(failure) });
  }

  return (
    new Hono<LoginEnv>()
      // Posted by a connector's page on another site, so without the cookies of this sign-in; the redirect has them.
      .post('/callback', async (c) => {
        const form = await readForm(c, MAX_ASSERTION_BYTES);
        const received = await frontChannel.receive(form, clientAddressOf(c));
        if (received === undefined) return send(c, overPage(await whyOver(c)), 404);
        const { interaction, code } = received;
        return redirect(c, `${pathOf(interaction)}${code === undefined ? '?refused' : `/finish?code=${code}`}`);
      })
      .get(LOGIN_SCRIPT.path, (c) => c.body(LOGIN_SCRIPT.text, 200, { 'Content-Type': LOGIN_SCRIPT.type, ...IMMUTABLE_HEADERS }))
      .get(`${ONWARD_PATH.slice(LOGIN_PATH.length)}/:id`, async (c) => {
        const found = takeOnward(c.req.param('id'), c.req.header('Cookie') ?? '', { keys: oidc.cookieKeys(), secure: isSecure() });
        if (found === undefined) return send(c, overPage(await whyOver(c)), 404);
        c.header('Set-Cookie', found.cookie, { append: true });
        const speech = speechOf(c);
        return send(c, onwardPage({ speech, frame: (await appearances.frames(speech))(undefined) }, found.location));
      })
      .get(
        '/:uid',
        forLogin(async (c, login) => {
          const has = (name: string) => c.req.query(name) !== undefined;
          // So that this page can say later what became of the sign-in.
          if (login.view === undefined) views.write(c, login.interaction, { clientId: login.clientId });
          if (has('other')) return send(c, await firstPage(login, { other: true }));
          const { signedInAs } = login;
          if (has('refused')) return send(c, await firstPage(login, { problem: { key: 'notRecognised' } }));
          if (has('password')) return send(c, await stepPage(login, login.view?.connection === undefined ? '' : 'sign-in'));
          if (signedInAs !== undefined) return send(c, await stepPage(login, 'account'));
          const start = await connectionFromStart(login);
          const automatic = start !== undefined && mayRedirect(c, login, start) ? await redirectToConnector(c, login, start) : undefined;
          return send(c, automatic ?? (await stepPage(login, '')));
        }),
      )
      .get(
        '/:uid/direct',
        forLogin(async (c, login) => {
          const connection = login.possible.find(({ name }) => name === c.req.query('connection'));
          const leaving = connection && (await redirectToConnector(c, login, connection));
          if (leaving !== undefined) return send(c, leaving);
          return connection === undefined
            ? send(c, await firstPage(login), 400)
            : goTo(c, login, 'sign-in', { connection: connection.name, problem: 'notReached' });
        }),
      )
      .get(
        '/:uid/finish',
        forLogin(async (c, login) => {
          const user = await frontChannel.finish(login.interaction, c.req.query('code') ?? '', login.remoteAddress);
          const connection = login.possible.find(({ id }) => id === user?.connectionId);
          if (user === undefined || connection === undefined)
            return send(c, await firstPage(login, { problem: { key: 'notRecognised' } }), 400);
          const { username, profile, subject, correlationId, amr, authenticatedAt } = user;
          const authentication = { ts: Math.floor(authenticatedAt.getTime() / 1000), ...(amr === undefined ? {} : { amr }) };
          return finish(c, login, { connection, username, profile, subject, correlationId, authentication });
        }),
      )
      .get(
        '/:uid/:step{choice|sign-in|new-password|cannot-change}',
        forLogin(async (c, login) => {
          const step = c.req.param('step') ?? '';
          if (login.view?.step === step && login.view.correlationId !== undefined) c.header('X-Correlation-Id', login.view.correlationId);
          return send(c, await stepPage(login, step));
        }),
      )
      .post(
        '/:uid/who',
        forForm(async (c, login, form) => {
          const username = form.get('username')?.trim() ?? '';
          const connection = chosen(login, form) ?? (await connectionOfUser(store, login.possible, username));
          if (connection !== undefined) {
            const shown = goTo(c, login, 'sign-in', { connection: connection.name, username });
            return mayRedirect(c, login, connection) ? redirect(c, `${login.path}/direct?${directTo(connection)}`) : shown;
          }
          if (username === '') return goTo(c, login, '', { problem: 'missingName' });
          if (listed(login.possible).length > 0) return goTo(c, login, 'choice', { username });
          return goTo(c, login, '', { username, problem: 'unknownRealm' });
        }),
      )
      .post(
        '/:uid',
        forForm(async (c, login, form) => {
          const connection = chosen(login, form);
          if (connection === undefined) return goTo(c, login, '');
          const attempt = attemptOf(c, login, form, connection);
          const { username } = attempt;
          if (username === '' || attempt.password === '')
            return goTo(c, login, 'sign-in', { connection: connection.name, username, problem: 'missing' });
          const result = await signIn.login(attempt);
          return 'profile' in result ? finishByPassword(c, login, attempt, result) : failed(c, login, attempt, result);
        }),
      )
      .post(
        '/:uid/password',
        forForm(async (c, login, form) => {
          const connection = chosen(login, form);
          const why = reason.safeParse(form.get('reason')).data;
          if (connection === undefined || why === undefined) return goTo(c, login, '');
          const typed = attemptOf(c, login, form, connection);
          const { username } = typed;
          const holder = { interaction: login.interaction, connectionId: connection.id, username };
          const attempt = { ...typed, password: typed.password === '' ? (passwords.of(holder) ?? '') : typed.password };
          const newPassword = form.get('new') ?? '';
          const again = (problem: PlainKey, more: Partial<LoginView> = {}) =>
            goTo(c, login, 'new-password', {
              ...{ connection: connection.name, username, reason: why, rules: login.view?.rules, problem },
              ...more,
            });
          if (username === '' || attempt.password === '' || newPassword === '' || form.get('again') === '') return again('missingNew');
          if (newPassword !== form.get('again')) return again('notTheSame');
          if (newPassword === attempt.password) return again('unchanged');
          const changed = await signIn.changePassword({ ...attempt, newPassword });
          if ('failure' in changed) {
            const { code, rules } = changed.failure;
            if (CANNOT_CHANGE.includes(code)) return goTo(c, login, 'cannot-change', { connection: connection.name, reason: why });
            if (code === 'invalid_credentials' || code === 'user_not_found') {
              passwords.forget(login.interaction);
              return again('wrongCurrent');
            }
            return again(code, { ...problemOf(changed.failure), ...(rules === undefined ? {} : { rules }) });
          }
          passwords.forget(login.interaction);
          const result = await signIn.login({ ...attempt, password: newPassword });
          if ('profile' in result) return finishByPassword(c, login, attempt, result);
          // The new password may not have reached every domain controller yet.
          return goTo(c, login, 'sign-in', { connection: connection.name, username, note: 'changed' });
        }),
      )
      .post(
        '/:uid/continue',
        forForm(async (c, login) => {
          if (login.signedInAs === undefined) return goTo(c, login, '');
          return leave(c, login, await oidc.provider().interactionResult(c.env.incoming, c.env.outgoing, ACCOUNT_CHOSEN));
        }),
      )
      .post(
        '/:uid/cancel',
        forForm(async (c, login) => {
          const result = { error: 'access_denied', error_description: 'The user cancelled the sign-in' };
          return leave(c, login, await oidc.provider().interactionResult(c.env.incoming, c.env.outgoing, result));
        }),
      )
  );
}

function chosen(login: Login, form: URLSearchParams): Connection | undefined {
  return login.possible.find(({ name }) => name === form.get('connection'));
}

function directTo({ name }: Connection): string {
  return new URLSearchParams({ connection: name }).toString();
}

function problemOf({ code, retryAfterSeconds }: Refused['failure']): Pick<LoginView, 'problem' | 'retryAtMs'> {
  return { problem: code, ...(retryAfterSeconds === undefined ? {} : { retryAtMs: Date.now() + retryAfterSeconds * 1000 }) };
}
