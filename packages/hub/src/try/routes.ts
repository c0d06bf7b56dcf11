/** The Try page over HTTP: access and forms. */

import { CodedError, type Log } from '@landbridge/runtime';
import { clientAddressOf, hashOfToken, isFromOwnPage, readForm, SAFE_HEADERS, sameText } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import { findApiKey } from '../api/api-keys.ts';
import { isForConnection } from '../api/scopes.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { SignIn } from '../sign-in/sign-in.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import { createTrySessions, SESSION_LIFETIME_MS, type TrySession } from './access.ts';
import { type Content, tryPage } from './page.ts';

const COOKIE = 'landbridge_try';
const MAX_FORM_BYTES = 256 * 1024;

const signInForm = z.object({ token: z.string(), username: z.string().min(1), password: z.string().min(1) });

export function tryRoutes(parts: { store: Store; online: OnlineConnectors; signIn: SignIn; log: Log; publicUrl: () => string }): Hono {
  const { store, online, signIn, log, publicUrl } = parts;
  const sessions = createTrySessions();
  const origins = () => ({ publicUrl: publicUrl(), acceptsUnlabelled: true });

  /** An unknown connection looks like one without a session: strangers must not learn names. */
  const connectionOf = (c: Context) => store.connectionByName(c.req.param('name') ?? '');

  function openSession(c: Context, connection: Connection): TrySession {
    const { session, cookie } = sessions.open(connection);
    setCookie(c, COOKIE, cookie, {
      path: `/try/${connection.name}`,
      httpOnly: true,
      sameSite: 'Strict',
      secure: publicUrl().startsWith('https:'),
      maxAge: SESSION_LIFETIME_MS / 1000,
    });
    return session;
  }

  function page(c: Context, content: Content, status: 200 | 400 | 401 | 403 = 200) {
    const { html, headers } = tryPage(c.req.param('name') ?? '', content);
    return c.html(html, status, { ...headers });
  }
  const askForKey = (c: Context, problem?: string) => page(c, { kind: 'ask-for-key', problem }, problem === undefined ? 401 : 403);
  const signInPage = (
    connection: Connection,
    session: TrySession,
    username = '',
    result: SignInContent['result'] = undefined,
  ): SignInContent => ({
    kind: 'sign-in',
    formToken: session.formToken,
    connectorsOnline: online.of(connection.id).filter((connector) => connector.eligibility() !== 'connector_offline').length,
    username,
    result,
  });

  return new Hono()
    .use(async (c, next) => {
      for (const [name, value] of Object.entries(SAFE_HEADERS)) c.header(name, value);
      c.header('Cross-Origin-Opener-Policy', 'same-origin');
      await next();
    })
    .get('/:name', async (c) => {
      const connection = await connectionOf(c);
      if (connection === undefined) return askForKey(c);
      const code = c.req.query('code');
      let session = sessions.find(getCookie(c, COOKIE), connection);
      if (session === undefined && code !== undefined) {
        if ((await store.takeTryCode(hashOfToken(code), new Date())) !== connection.id) {
          return askForKey(c, 'The link was used before or has expired. Create a new one, or enter an API key.');
        }
        log.info({ connection: connection.name }, 'Try page opened with a one-time link');
        session = openSession(c, connection);
      }
      if (session === undefined) return askForKey(c);
      return page(c, signInPage(connection, session));
    })
    .post('/:name/access', async (c) => {
      const form = await readForm(c, MAX_FORM_BYTES);
      const key = await findApiKey(store, form.get('key')?.trim() ?? '', clientAddressOf(c)).catch(withoutWrongAddress);
      if (key === undefined || !isFromOwnPage(c, origins())) return askForKey(c, 'Invalid API key.');
      const connection = await connectionOf(c);
      if (connection === undefined || !isForConnection(key, connection)) return askForKey(c, 'No connection has this name.');
      if (!key.scopes.includes('sign-in')) return askForKey(c, 'This API key may not sign users in.');
      log.info({ connection: connection.name, key: key.id }, 'Try page opened with an API key');
      openSession(c, connection);
      return c.redirect(`/try/${connection.name}`, 303);
    })
    .post('/:name', async (c) => {
      const connection = await connectionOf(c);
      const session = connection === undefined ? undefined : sessions.find(getCookie(c, COOKIE), connection);
      if (connection === undefined || session === undefined) return askForKey(c);
      const body = Object.fromEntries(await readForm(c, MAX_FORM_BYTES));
      const form = signInForm.safeParse(body);
      if (!isFromOwnPage(c, origins()) || !sameText(body.token ?? '', session.formToken)) {
        return page(c, signInPage(connection, session, '', { problem: 'The form did not come from this page. Try again.' }), 403);
      }
      if (!form.success) {
        return page(c, signInPage(connection, session, body.username, { problem: 'Enter a user name and a password.' }), 400);
      }
      const { username, password } = form.data;
      const remoteAddress = clientAddressOf(c);
      return page(
        c,
        signInPage(connection, session, username, await signIn.login({ connection, username, password, remoteAddress, via: 'try' })),
      );
    });
}

/** The answer to a request from an address that the key may not be used from. */
function withoutWrongAddress(error: unknown): undefined {
  if (!(error instanceof CodedError) || error.code !== 'API_KEY_ADDRESS') throw error;
}

type SignInContent = Extract<Content, { kind: 'sign-in' }>;
