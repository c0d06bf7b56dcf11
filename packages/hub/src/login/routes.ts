/** The login pages over HTTP: from an application's request to a signed-in account, in one browser. */
import type { HttpBindings } from '@hono/node-server';
import { FAILURES, type FailureCode, type KnownUser } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import { clientAddressOf, hashOfToken, isFromOwnPage, type Page, readForm, sameText } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { errors, type Provider } from 'oidc-provider';
import { z } from 'zod';
import type { Eligibility } from '../connectors/connector.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { FrontChannelFlow } from '../frontchannel/front-channel.ts';
import { connectionsFor, forgetAccount, rememberAccount } from '../oidc/accounts.ts';
import { createDroppedReport } from '../oidc/dropped-values.ts';
import type { Oidc } from '../oidc/mount.ts';
import { onwardPage } from '../oidc/pages.ts';
import type { SignIn, SignInAttempt, SignInResult } from '../sign-in/sign-in.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import { createFamiliarBrowsers } from './familiar-browsers.ts';
import { createFrontChannelRedirect, type RedirectableLogin } from './front-channel-redirect.ts';
import { accountPage, cannotChangePage, choicePage, endPage, LOGIN_PATH, newPasswordPage, passwordPage, whoPage } from './pages.ts';
import { connectionByHints, connectionOfUser, withoutDomains } from './realm.ts';
import { LOGIN_TEXTS } from './texts.ts';

/** Far more than a user name and passwords need. */
const MAX_FORM_BYTES = 64 * 1024;
/** An assertion in a form, which encodes some characters in three bytes. */
const MAX_ASSERTION_BYTES = 1024 * 1024;

/** Answers `prompt=select_account`. The provider still checks whether the account may sign in. */
const ACCOUNT_CHOSEN = { select_account: {} };

type Env = { Bindings: HttpBindings };

const reason = z.enum(['password_expired', 'password_change_required']);
/** The new password cannot be set here, whatever the user enters. */
const CANNOT_CHANGE: readonly FailureCode[] = ['insufficient_access_rights', 'connector_outdated'];
const CANNOT_ASK: readonly Eligibility[] = ['connector_offline', 'connector_outdated'];

/** A sign-in that an application has started, and the connections that the user may belong to. */
interface Login extends RedirectableLogin {
  possible: Connection[];
  hints: { connection: string | undefined; loginHint: string | undefined };
  /** The user who is signed in, if the application wants to let users choose (`prompt=select_account`). */
  signedInAs: string | undefined;
}

export function loginRoutes(parts: {
  store: Store;
  oidc: Pick<Oidc, 'provider' | 'cookieKeys'>;
  signIn: SignIn;
  online: OnlineConnectors;
  frontChannel: FrontChannelFlow;
  log: Log;
  publicUrl: () => string;
  signInLifetimeSeconds: number;
}): Hono<Env> {
  const { store, oidc, signIn, online, frontChannel, log, publicUrl } = parts;
  const { redirectToConnector, redirectAutomatically } = createFrontChannelRedirect({
    frontChannel,
    isHttps: () => publicUrl().startsWith('https:'),
  });

  const familiarBrowsers = createFamiliarBrowsers({ keys: oidc.cookieKeys, isSecure: () => publicUrl().startsWith('https:') });

  const reportDropped = createDroppedReport(log);

  /** Users are only asked for a new password if a connector can change it. */
  const canChangePassword = (connection: Connection) =>
    online.of(connection.id).some((connector) => !CANNOT_ASK.includes(connector.eligibility('changeOwnPassword')));

  /** @returns undefined if this browser has no such sign-in */
  async function findLogin(c: Context<Env>): Promise<Login | undefined> {
    let interaction: Awaited<ReturnType<Provider['interactionDetails']>>;
    try {
      interaction = await oidc.provider().interactionDetails(c.env.incoming, c.env.outgoing);
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return undefined;
      throw error;
    }
    const { client_id: clientId, connection, login_hint: loginHint } = interaction.params;
    const client = typeof clientId === 'string' ? await store.oidcClient(clientId) : undefined;
    if (interaction.uid !== c.req.param('uid') || client === undefined) return undefined;
    const requested = textOf(connection);
    // What the application asks for is a restriction, not a hint: users of other connections must not get in.
    const possible = (await connectionsFor(store, client)).filter(({ name }) => requested === undefined || name === requested);
    const remoteAddress = clientAddressOf(c);
    return {
      path: `${LOGIN_PATH}/${interaction.uid}`,
      // `cid` is random, unique to this sign-in, and never leaves the store.
      formToken: hashOfToken(`login form ${interaction.cid}`),
      application: client.name,
      severalConnections: possible.length > 1,
      hasFrontChannel: (connection) => frontChannel.isOffered(connection, remoteAddress),
      interaction: interaction.uid,
      remoteAddress,
      reasons: interaction.prompt.reasons,
      clientId: client.id,
      possible,
      hints: { connection: requested, loginHint: textOf(loginHint)?.slice(0, 256) },
      signedInAs: interaction.prompt.name === 'select_account' ? await nameOf(interaction.session?.accountId) : undefined,
    };
  }

  async function nameOf(subject: string | undefined): Promise<string | undefined> {
    const account = subject === undefined ? undefined : await store.oidcAccount(subject);
    return textOf(account?.claims.preferred_username) ?? textOf(account?.claims.name);
  }

  function send(c: Context<Env>, { html, headers }: Page, status: 200 | 400 | 403 | 404 | 429 = 200): Response | Promise<Response> {
    return c.html(html, status, { ...headers });
  }

  type Handler = (c: Context<Env>) => Promise<Response>;
  const forLogin =
    (handle: (c: Context<Env>, login: Login) => Response | Promise<Response>): Handler =>
    async (c) => {
      const login = await findLogin(c);
      return login === undefined ? send(c, endPage(LOGIN_TEXTS.ended), 404) : handle(c, login);
    };

  /** Handles only forms that belong to this sign-in. */
  const forForm =
    (handle: (c: Context<Env>, login: Login, form: URLSearchParams) => Response | Promise<Response>): Handler =>
    async (c) => {
      const form = await readForm(c, MAX_FORM_BYTES);
      const login = await findLogin(c);
      if (login === undefined) return send(c, endPage(LOGIN_TEXTS.ended), 404);
      if (isFromOwnPage(c, { publicUrl: publicUrl(), acceptsUnlabelled: true }) && sameText(form.get('token') ?? '', login.formToken))
        return handle(c, login, form);
      return send(c, await firstPage(login, { problem: LOGIN_TEXTS.forgedForm }), 403);
    };

  async function firstPage(login: Login, { problem, other = false }: { problem?: string; other?: boolean } = {}): Promise<Page> {
    if (login.possible.length === 0) return endPage(LOGIN_TEXTS.nowhere);
    const { hints, possible } = login;
    const connection = other && possible.length > 1 ? undefined : await connectionByHints(store, possible, hints);
    const username = other ? '' : (hints.loginHint ?? '');
    return connection === undefined ? whoPage(login, { name: username, problem }) : passwordPage(login, { connection, username, problem });
  }

  /** @returns the connection by the application's hints, else by the user's address */
  async function connectionFromStart({ possible, hints, hasFrontChannel }: Login): Promise<Connection | undefined> {
    const [here, ...others] = possible.filter(hasFrontChannel);
    return (await connectionByHints(store, possible, hints)) ?? (others.length === 0 ? here : undefined);
  }

  function attemptOf(c: Context<Env>, login: Login, form: URLSearchParams, connection: Connection): SignInAttempt {
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
    c: Context<Env>,
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
      return send(c, passwordPage(login, { connection, username, problem: FAILURES.user_without_id.userMessage }));
    }
    const result = { login: { ...authentication, accountId }, ...ACCOUNT_CHOSEN };
    return send(c, onwardPage(await oidc.provider().interactionResult(c.env.incoming, c.env.outgoing, result)));
  }

  function finishByPassword(
    c: Context<Env>,
    login: Login,
    { connection, username }: SignInAttempt,
    { profile, subject, correlationId, cachedAt }: Extract<SignInResult, { profile: unknown }>,
  ): Promise<Response> {
    if (cachedAt === undefined) familiarBrowsers.remember(c, connection, username);
    const authentication = { amr: cachedAt !== undefined ? ['pwd', 'cache'] : ['pwd'] };
    return finish(c, login, { connection, username, profile, subject, correlationId, authentication });
  }

  /** @returns the page after a failed sign-in */
  async function failed(
    login: Login,
    { connection, username }: SignInAttempt,
    result: Extract<SignInResult, { failure: unknown }>,
  ): Promise<Page> {
    const { code, subject } = result.failure;
    if (subject !== undefined && FAILURES[code].endsSessions) await forgetAccount(store, connection, subject);
    if (code === 'password_expired' || code === 'password_change_required') {
      if (!canChangePassword(connection)) return cannotChangePage(login, code);
      return newPasswordPage(login, { connection, username, reason: code });
    }
    return passwordPage(login, { connection, username, problem: problemOf(result) });
  }

  return (
    new Hono<Env>()
      // Posted by a connector's page, so without the cookies of this sign-in; the page in the answer has them.
      .post('/callback', async (c) => {
        const form = await readForm(c, MAX_ASSERTION_BYTES);
        const received = await frontChannel.receive(form, clientAddressOf(c));
        if (received === undefined) return send(c, endPage(LOGIN_TEXTS.ended), 404);
        const { interaction, code } = received;
        return send(c, onwardPage(`${LOGIN_PATH}/${interaction}${code === undefined ? '?refused' : `/finish?code=${code}`}`));
      })
      .get(
        '/:uid',
        forLogin(async (c, login) => {
          const has = (name: string) => c.req.query(name) !== undefined;
          if (has('other')) return send(c, await firstPage(login, { other: true }));
          const { signedInAs } = login;
          if (signedInAs !== undefined && !has('refused') && !has('password')) return send(c, accountPage(login, signedInAs));
          if (has('refused')) return send(c, await firstPage(login, { problem: LOGIN_TEXTS.notRecognised }));
          const redirect = has('password') ? undefined : await redirectAutomatically(c, login, await connectionFromStart(login));
          return send(c, redirect ?? (await firstPage(login)));
        }),
      )
      .get(
        '/:uid/direct',
        forLogin(async (c, login) => {
          const connection = login.possible.find(({ name }) => name === c.req.query('connection'));
          if (connection === undefined) return send(c, await firstPage(login), 400);
          const redirect = await redirectToConnector(c, login, connection);
          return send(c, redirect ?? passwordPage(login, { connection, username: '', problem: LOGIN_TEXTS.notReached }));
        }),
      )
      .get(
        '/:uid/finish',
        forLogin(async (c, login) => {
          const user = await frontChannel.finish(login.interaction, c.req.query('code') ?? '', login.remoteAddress);
          const connection = login.possible.find(({ id }) => id === user?.connectionId);
          if (user === undefined || connection === undefined)
            return send(c, await firstPage(login, { problem: LOGIN_TEXTS.notRecognised }), 400);
          const { username, profile, subject, correlationId, amr, authenticatedAt } = user;
          const authentication = { ts: Math.floor(authenticatedAt.getTime() / 1000), ...(amr === undefined ? {} : { amr }) };
          return finish(c, login, { connection, username, profile, subject, correlationId, authentication });
        }),
      )
      .post(
        '/:uid/who',
        forForm(async (c, login, form) => {
          const name = form.get('username')?.trim() ?? '';
          const connection = chosen(login, form) ?? (await connectionOfUser(store, login.possible, name));
          if (connection !== undefined) {
            return send(c, (await redirectAutomatically(c, login, connection)) ?? passwordPage(login, { connection, username: name }));
          }
          const choice = withoutDomains(login.possible);
          if (choice.length > 0) return send(c, choicePage(login, { name, choice }));
          return send(c, whoPage(login, { name, problem: LOGIN_TEXTS.unknownRealm }), 400);
        }),
      )
      .post(
        '/:uid',
        forForm(async (c, login, form) => {
          const connection = chosen(login, form);
          if (connection === undefined) return send(c, await firstPage(login), 400);
          const attempt = attemptOf(c, login, form, connection);
          const { username } = attempt;
          if (username === '' || attempt.password === '') {
            return send(c, passwordPage(login, { connection, username, problem: LOGIN_TEXTS.missing }), 400);
          }
          const result = await signIn.login(attempt);
          if ('profile' in result) return finishByPassword(c, login, attempt, result);
          return send(c, await failed(login, attempt, result));
        }),
      )
      .post(
        '/:uid/password',
        forForm(async (c, login, form) => {
          const connection = chosen(login, form);
          const why = reason.safeParse(form.get('reason')).data;
          if (connection === undefined || why === undefined) return send(c, await firstPage(login), 400);
          const attempt = attemptOf(c, login, form, connection);
          const { username, password } = attempt;
          const newPassword = form.get('new') ?? '';
          const again = (problem: string, status: 200 | 400 = 200) =>
            send(c, newPasswordPage(login, { connection, username, reason: why, problem }), status);
          if (username === '' || password === '' || newPassword === '' || form.get('again') === '')
            return again(LOGIN_TEXTS.missingNew, 400);
          if (newPassword !== form.get('again')) return again(LOGIN_TEXTS.notTheSame, 400);
          if (newPassword === password) return again(LOGIN_TEXTS.unchanged, 400);
          const changed = await signIn.changePassword({ ...attempt, newPassword });
          if ('failure' in changed) {
            const { code } = changed.failure;
            if (CANNOT_CHANGE.includes(code)) return send(c, cannotChangePage(login, why));
            return again(code === 'invalid_credentials' || code === 'user_not_found' ? LOGIN_TEXTS.wrongCurrent : problemOf(changed));
          }
          const result = await signIn.login({ ...attempt, password: newPassword });
          if ('profile' in result) return finishByPassword(c, login, attempt, result);
          // The new password may not have reached every domain controller yet.
          return send(c, passwordPage(login, { connection, username, note: LOGIN_TEXTS.changed }));
        }),
      )
      .post(
        '/:uid/continue',
        forForm(async (c, login) => {
          if (login.signedInAs === undefined) return send(c, await firstPage(login), 400);
          return send(c, onwardPage(await oidc.provider().interactionResult(c.env.incoming, c.env.outgoing, ACCOUNT_CHOSEN)));
        }),
      )
      .post(
        '/:uid/cancel',
        forForm(async (c) => {
          const result = { error: 'access_denied', error_description: 'The user cancelled the sign-in' };
          return send(c, onwardPage(await oidc.provider().interactionResult(c.env.incoming, c.env.outgoing, result)));
        }),
      )
  );
}

function chosen(login: Login, form: URLSearchParams): Connection | undefined {
  return login.possible.find(({ name }) => name === form.get('connection'));
}

function problemOf({ failure: { code, retryAfterSeconds } }: Extract<SignInResult, { failure: unknown }>): string {
  const text = FAILURES[code].userMessage;
  return retryAfterSeconds === undefined ? text : `${text} ${LOGIN_TEXTS.tryAgainIn(retryAfterSeconds)}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
