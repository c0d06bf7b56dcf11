/** Finds the sign-in that a browser is in, and says why it is over if there is none. */
import type { HttpBindings } from '@hono/node-server';
import { clientAddressOf, hashOfToken, languageFor, type PageFrame, type PlainKey, type Speech, speechIn } from '@landbridge/web';
import type { Context } from 'hono';
import { errors, type Provider } from 'oidc-provider';
import type { FrontChannelFlow } from '../frontchannel/front-channel.ts';
import { connectionsFor } from '../oidc/accounts.ts';
import type { Appearances } from '../oidc/appearances.ts';
import type { Oidc } from '../oidc/mount.ts';
import type { Connection } from '../store/connections.ts';
import type { OidcClient } from '../store/oidc-clients.ts';
import type { Store } from '../store/store.ts';
import type { RedirectableLogin } from './front-channel-redirect.ts';
import { LOGIN_PATH } from './pages.ts';
import type { LoginView, LoginViews } from './view.ts';

export type LoginEnv = { Bindings: HttpBindings };
export type LoginRequest = Context<LoginEnv>;

/** A sign-in that an application has started, and the connections that the user may belong to. */
export interface Login extends RedirectableLogin {
  possible: Connection[];
  hints: { connection: string | undefined; loginHint: string | undefined };
  /** The user who is signed in, if the application wants to let users choose (`prompt=select_account`). */
  signedInAs: string | undefined;
  view: LoginView | undefined;
}

/** Why a browser has no sign-in, and where its user can go on. */
export interface OverLogin {
  text: PlainKey;
  application: { name: string; address: string } | undefined;
  speech: Speech;
  frame: PageFrame;
}

const MAX_HINT_LENGTH = 256;

export function createFindLogin(parts: {
  store: Store;
  oidc: Pick<Oidc, 'provider'>;
  frontChannel: FrontChannelFlow;
  views: LoginViews;
  appearances: Appearances;
}) {
  const { store, oidc, frontChannel, views, appearances } = parts;

  async function nameOf(subject: string | undefined): Promise<string | undefined> {
    const account = subject === undefined ? undefined : await store.oidcAccount(subject);
    return givenText(account?.claims.preferred_username) ?? givenText(account?.claims.name);
  }

  return {
    /** @returns undefined if this browser has no such sign-in */
    async findLogin(c: LoginRequest): Promise<Login | undefined> {
      let interaction: Awaited<ReturnType<Provider['interactionDetails']>>;
      try {
        interaction = await oidc.provider().interactionDetails(c.env.incoming, c.env.outgoing);
      } catch (error) {
        if (error instanceof errors.SessionNotFound) return undefined;
        throw error;
      }
      const { uid, params } = interaction;
      const client = await clientOf(store, params.client_id);
      if (uid !== c.req.param('uid') || client === undefined) return undefined;
      const requested = givenText(params.connection);
      // What the application asks for is a restriction, not a hint: users of other connections must not get in.
      const possible = (await connectionsFor(store, client)).filter(({ name }) => requested === undefined || name === requested);
      const remoteAddress = clientAddressOf(c);
      const speech = speechOf(c, givenText(params.ui_locales));
      const frameOf = await appearances.frames(speech);
      const [only, ...others] = possible;
      return {
        path: `${LOGIN_PATH}/${uid}`,
        // `cid` is random, unique to this sign-in, and never leaves the store.
        formToken: hashOfToken(`login form ${interaction.cid}`),
        application: client.name,
        severalConnections: possible.length > 1,
        hasFrontChannel: (connection) => frontChannel.isOffered(connection, remoteAddress),
        speech,
        frame: (connection) => frameOf(connection ?? (others.length === 0 ? only : undefined)),
        interaction: uid,
        remoteAddress,
        reasons: interaction.prompt.reasons,
        clientId: client.id,
        possible,
        hints: { connection: requested, loginHint: givenText(params.login_hint)?.slice(0, MAX_HINT_LENGTH) },
        signedInAs: interaction.prompt.name === 'select_account' ? await nameOf(interaction.session?.accountId) : undefined,
        view: views.read(c, uid),
      };
    },

    async whyOver(c: LoginRequest): Promise<OverLogin> {
      const uid = c.req.param('uid') ?? '';
      const view = views.read(c, uid);
      const speech = speechOf(c);
      const shared = { speech, frame: (await appearances.frames(speech))(undefined) };
      const over = (text: PlainKey, client: OidcClient | undefined) => ({ ...shared, text, application: client && homeOf(client) });
      if (view?.finished) return over('overFinished', await clientOf(store, view.clientId));
      const running = await oidc.provider().Interaction.find(uid);
      if (running !== undefined) return over('overCookies', await clientOf(store, running.params.client_id));
      return view === undefined ? over('overUnknown', undefined) : over('overExpired', await clientOf(store, view.clientId));
    },
  };
}

export function speechOf(c: LoginRequest, uiLocales?: string): Speech {
  const acceptLanguage = c.req.header('Accept-Language');
  return speechIn(
    languageFor({ ...(uiLocales === undefined ? {} : { uiLocales }), ...(acceptLanguage === undefined ? {} : { acceptLanguage }) }),
  );
}

async function clientOf(store: Store, id: unknown): Promise<OidcClient | undefined> {
  return typeof id === 'string' ? store.oidcClient(id) : undefined;
}

/** Where the application is in a browser, if its redirect address says so. */
function homeOf({ name, redirectUris }: OidcClient): OverLogin['application'] {
  const address = redirectUris
    .filter((uri) => URL.canParse(uri))
    .map((uri) => new URL(uri))
    .find(({ protocol }) => /^https?:$/.test(protocol));
  return address === undefined ? undefined : { name, address: `${address.origin}/` };
}

export function givenText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
