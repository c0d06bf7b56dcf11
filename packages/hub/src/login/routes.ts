/** The login pages over HTTP: one sitting of one person in one browser, from the application's request to a known account. */

import type { HttpBindings } from '@hono/node-server';
import { type FailureCode, failureRow, type Profile } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import { clientAddressOf, hashOfToken, isFromOwnPage, type Page, readForm, sameText } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { errors, type Provider } from 'oidc-provider';
import { z } from 'zod';
import type { Eligibility } from '../connectors/connector.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { FrontChannel } from '../frontchannel/front-channel.ts';
import { connectionsFor, forgetAccount, rememberAccount } from '../oidc/accounts.ts';
import type { Oidc } from '../oidc/mount.ts';
import { onwardPage } from '../oidc/pages.ts';
import type { SignIn, SignInAttempt, SignInResult } from '../sign-in/sign-in.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import { cannotChangePage, choicePage, endPage, LOGIN_PATH, newPasswordPage, passwordPage, whoPage } from './pages.ts';
import { connectionByHints, connectionOfPerson, withoutDomains } from './realm.ts';
import { createSendingOff, type Leaver } from './sending-off.ts';
import { TEXTS } from './texts.ts';

/** Names and passwords of 64 KB would arrive; nobody types them. */
const MAX_FORM_BYTES = 64 * 1024;
/** An answer of a connector in a form, where some characters take three bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

type Env = { Bindings: HttpBindings };

const reason = z.enum(['password_expired', 'password_change_required']);
/** The new password cannot be set here, whatever the user enters. */
const CANNOT_CHANGE: readonly FailureCode[] = ['insufficient_access_rights', 'connector_outdated'];
const CANNOT_ASK: readonly Eligibility[] = ['connector_offline', 'connector_outdated'];

/** A sign-in that has begun: what the application asked for, and where this person may belong. */
interface Begun extends Leaver {
  possible: Connection[];
  hints: { connection: string | undefined; loginHint: string | undefined };
}

export function loginRoutes(parts: {
  store: Store;
  oidc: Pick<Oidc, 'provider'>;
  signIn: SignIn;
  online: OnlineConnectors;
  frontChannel: FrontChannel;
  log: Log;
  publicUrl: () => string;
  signInLifetimeSeconds: number;
}): Hono<Env> {
  const { store, oidc, signIn, online, frontChannel, log, publicUrl } = parts;
  const { sendOff, sendOffUnasked } = createSendingOff({ frontChannel, isHttps: () => publicUrl().startsWith('https:') });

  /** Without a connector that checks the old password nobody is asked to think of a new one. */
  const canChangePassword = (connection: Connection) =>
    online.of(connection.id).some((connector) => !CANNOT_ASK.includes(connector.eligibility('changeOwnPassword')));

  /** @returns undefined where this browser has no such sign-in */
  async function begun(c: Context<Env>): Promise<Begun | undefined> {
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
    const possible = await connectionsFor(store, client);
    const remoteAddress = clientAddressOf(c);
    return {
      path: `${LOGIN_PATH}/${interaction.uid}`,
      // `cid` is random, stays in the store, and is of this sign-in alone.
      formToken: hashOfToken(`login form ${interaction.cid}`),
      application: client.name,
      severalConnections: possible.length > 1,
      hasFrontChannel: (connection) => frontChannel.isFor(connection, remoteAddress),
      interaction: interaction.uid,
      remoteAddress,
      reasons: interaction.prompt.reasons,
      clientId: client.id,
      possible,
      hints: { connection: textOf(connection), loginHint: textOf(loginHint)?.slice(0, 256) },
    };
  }

  function send(c: Context<Env>, { html, headers }: Page, status: 200 | 400 | 403 | 404 | 429 = 200): Response | Promise<Response> {
    return c.html(html, status, { ...headers });
  }

  /** Reads a form of a sitting. @returns an answer instead where it is not this sitting's own form */
  async function readOwnForm(c: Context<Env>): Promise<{ sitting: Begun; form: URLSearchParams } | Response> {
    const form = await readForm(c, MAX_FORM_BYTES);
    const sitting = await begun(c);
    if (sitting === undefined) return send(c, endPage(TEXTS.gone), 404);
    if (isFromOwnPage(c, { publicUrl: publicUrl(), acceptsUnlabelled: true }) && sameText(form.get('token') ?? '', sitting.formToken))
      return { sitting, form };
    return send(c, await firstPage(sitting, { problem: TEXTS.forgedForm }), 403);
  }

  async function firstPage(sitting: Begun, { problem, other = false }: { problem?: string; other?: boolean } = {}): Promise<Page> {
    if (sitting.possible.length === 0) return endPage(TEXTS.nowhere);
    const { hints, possible } = sitting;
    const connection = other && possible.length > 1 ? undefined : await connectionByHints(store, possible, hints);
    const username = other ? '' : (hints.loginHint ?? '');
    return connection === undefined
      ? whoPage(sitting, { name: username, problem })
      : passwordPage(sitting, { connection, username, problem });
  }

  /** By what the application said, or else by where the person is. */
  async function connectionFromStart({ possible, hints, hasFrontChannel }: Begun): Promise<Connection | undefined> {
    const [here, ...others] = possible.filter(hasFrontChannel);
    return (await connectionByHints(store, possible, hints)) ?? (others.length === 0 ? here : undefined);
  }

  function attemptOf(c: Context<Env>, sitting: Begun, form: URLSearchParams, connection: Connection): SignInAttempt {
    return {
      connection,
      username: form.get('username')?.trim() ?? '',
      password: form.get('password') ?? '',
      remoteAddress: clientAddressOf(c),
      via: 'oidc',
      clientId: sitting.clientId,
    };
  }

  /** The person is known: back to the application, by way of the provider. */
  async function finish(
    c: Context<Env>,
    sitting: Begun,
    signedIn: { connection: Connection; username: string; profile: Profile; correlationId: string; login: { amr?: string[]; ts?: number } },
  ): Promise<Response> {
    const { connection, username, profile, correlationId, login } = signedIn;
    const subject = await rememberAccount(store, { connection, username, profile }, parts.signInLifetimeSeconds * 1000);
    if (subject === undefined) {
      log.error({ connection: connection.name, correlationId }, 'A profile without an "id" cannot sign in to applications');
      return send(c, passwordPage(sitting, { connection, username, problem: TEXTS.noIdentity }));
    }
    const result = { login: { ...login, accountId: subject } };
    return send(c, onwardPage(await oidc.provider().interactionResult(c.env.incoming, c.env.outgoing, result)));
  }

  function finishByPassword(
    c: Context<Env>,
    sitting: Begun,
    { connection, username }: SignInAttempt,
    { profile, correlationId, cachedAt }: Extract<SignInResult, { profile: unknown }>,
  ): Promise<Response> {
    const login = { amr: cachedAt !== undefined ? ['pwd', 'cache'] : ['pwd'] };
    return finish(c, sitting, { connection, username, profile, correlationId, login });
  }

  /** @returns the page after a sign-in that did not succeed */
  async function failed(
    sitting: Begun,
    { connection, username }: SignInAttempt,
    result: Extract<SignInResult, { failure: unknown }>,
  ): Promise<Page> {
    const { code, profile } = result.failure;
    if (profile !== undefined && failureRow(code).endsSessions) await forgetAccount(store, connection, profile);
    if (code === 'password_expired' || code === 'password_change_required') {
      if (!canChangePassword(connection)) return cannotChangePage(sitting, code);
      return newPasswordPage(sitting, { connection, username, reason: code });
    }
    return passwordPage(sitting, { connection, username, problem: problemOf(result) });
  }

  return (
    new Hono<Env>()
      // From the page of a connector, hence without the cookies of this sign-in; the page that answers goes on with them.
      .post('/callback', async (c) => {
        const form = await readForm(c, MAX_ANSWER_BYTES);
        const received = await frontChannel.receive(form, clientAddressOf(c));
        if (received === undefined) return send(c, endPage(TEXTS.gone), 404);
        const { interaction, code } = received;
        return send(c, onwardPage(`${LOGIN_PATH}/${interaction}${code === undefined ? '?refused' : `/finish?code=${code}`}`));
      })
      .get('/:uid', async (c) => {
        const sitting = await begun(c);
        if (sitting === undefined) return send(c, endPage(TEXTS.gone), 404);
        const has = (name: string) => c.req.query(name) !== undefined;
        if (has('other')) return send(c, await firstPage(sitting, { other: true }));
        if (has('refused')) return send(c, await firstPage(sitting, { problem: TEXTS.notRecognised }));
        const away = has('password') ? undefined : await sendOffUnasked(c, sitting, await connectionFromStart(sitting));
        return send(c, away ?? (await firstPage(sitting)));
      })
      .get('/:uid/direct', async (c) => {
        const sitting = await begun(c);
        if (sitting === undefined) return send(c, endPage(TEXTS.gone), 404);
        const connection = sitting.possible.find(({ name }) => name === c.req.query('connection'));
        if (connection === undefined) return send(c, await firstPage(sitting), 400);
        const away = await sendOff(c, sitting, connection);
        return send(c, away ?? passwordPage(sitting, { connection, username: '', problem: TEXTS.notReached }));
      })
      .get('/:uid/finish', async (c) => {
        const sitting = await begun(c);
        if (sitting === undefined) return send(c, endPage(TEXTS.gone), 404);
        const person = await frontChannel.finish(sitting.interaction, c.req.query('code') ?? '', sitting.remoteAddress);
        const connection = sitting.possible.find(({ id }) => id === person?.connectionId);
        if (person === undefined || connection === undefined)
          return send(c, await firstPage(sitting, { problem: TEXTS.notRecognised }), 400);
        const { username, profile, correlationId, amr, authenticatedAt } = person;
        const login = { ts: Math.floor(authenticatedAt.getTime() / 1000), ...(amr === undefined ? {} : { amr }) };
        return finish(c, sitting, { connection, username, profile, correlationId, login });
      })
      .post('/:uid/who', async (c) => {
        const read = await readOwnForm(c);
        if (read instanceof Response) return read;
        const { sitting, form } = read;
        const name = form.get('username')?.trim() ?? '';
        const connection = chosen(sitting, form) ?? (await connectionOfPerson(store, sitting.possible, name));
        if (connection !== undefined) {
          return send(c, (await sendOffUnasked(c, sitting, connection)) ?? passwordPage(sitting, { connection, username: name }));
        }
        const choice = withoutDomains(sitting.possible);
        if (choice.length > 0) return send(c, choicePage(sitting, { name, choice }));
        return send(c, whoPage(sitting, { name, problem: TEXTS.unknownRealm }), 400);
      })
      .post('/:uid', async (c) => {
        const read = await readOwnForm(c);
        if (read instanceof Response) return read;
        const { sitting, form } = read;
        const connection = chosen(sitting, form);
        if (connection === undefined) return send(c, await firstPage(sitting), 400);
        const attempt = attemptOf(c, sitting, form, connection);
        const { username } = attempt;
        if (username === '' || attempt.password === '') {
          return send(c, passwordPage(sitting, { connection, username, problem: TEXTS.missing }), 400);
        }
        const result = await signIn.login(attempt);
        if ('profile' in result) return finishByPassword(c, sitting, attempt, result);
        return send(c, await failed(sitting, attempt, result));
      })
      .post('/:uid/password', async (c) => {
        const read = await readOwnForm(c);
        if (read instanceof Response) return read;
        const { sitting, form } = read;
        const connection = chosen(sitting, form);
        const why = reason.safeParse(form.get('reason')).data;
        if (connection === undefined || why === undefined) return send(c, await firstPage(sitting), 400);
        const attempt = attemptOf(c, sitting, form, connection);
        const { username, password } = attempt;
        const newPassword = form.get('new') ?? '';
        const again = (problem: string, status: 200 | 400 = 200) =>
          send(c, newPasswordPage(sitting, { connection, username, reason: why, problem }), status);
        if (username === '' || password === '' || newPassword === '' || form.get('again') === '') return again(TEXTS.missingNew, 400);
        if (newPassword !== form.get('again')) return again(TEXTS.notTheSame, 400);
        if (newPassword === password) return again(TEXTS.unchanged, 400);
        const changed = await signIn.changePassword({ ...attempt, newPassword });
        if ('failure' in changed) {
          const { code } = changed.failure;
          if (CANNOT_CHANGE.includes(code)) return send(c, cannotChangePage(sitting, why));
          return again(code === 'invalid_credentials' || code === 'user_not_found' ? TEXTS.wrongCurrent : problemOf(changed));
        }
        const result = await signIn.login({ ...attempt, password: newPassword });
        if ('profile' in result) return finishByPassword(c, sitting, attempt, result);
        // It may take a while until every domain controller knows the new password.
        return send(c, passwordPage(sitting, { connection, username, note: TEXTS.changed }));
      })
      .post('/:uid/cancel', async (c) => {
        const read = await readOwnForm(c);
        if (read instanceof Response) return read;
        const result = { error: 'access_denied', error_description: 'The person cancelled the sign-in' };
        return send(c, onwardPage(await oidc.provider().interactionResult(c.env.incoming, c.env.outgoing, result)));
      })
  );
}

function chosen(sitting: Begun, form: URLSearchParams): Connection | undefined {
  return sitting.possible.find(({ name }) => name === form.get('connection'));
}

function problemOf({ failure: { code, retryAfterSeconds } }: Extract<SignInResult, { failure: unknown }>): string {
  const text = failureRow(code).userMessage;
  return retryAfterSeconds === undefined ? text : `${text} ${TEXTS.tryAgainIn(retryAfterSeconds)}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
