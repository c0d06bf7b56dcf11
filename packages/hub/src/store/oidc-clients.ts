/** OpenID Connect clients: the applications that users sign in to. */
import type { ClientOptions } from './client-options.ts';
import type { SigningAlgorithm } from './signing-keys.ts';

/** Scopes that an operator can grant in addition to `openid`, which every client has. */
export const CLIENT_SCOPES = ['profile', 'email', 'groups'] as const;

export type ClientScope = (typeof CLIENT_SCOPES)[number];

export interface OidcClient {
  /** The `client_id`: random, not a secret. */
  readonly id: string;
  /** For operators, and for users when they sign in and out. */
  readonly name: string;
  /** Undefined: a public client (an application in a browser or on a device), which cannot keep a secret. */
  readonly secretHash: string | undefined;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  /** Connections whose users may sign in to it; undefined: all, including later ones. */
  readonly connectionIds: readonly string[] | undefined;
  readonly scopes: readonly ClientScope[];
  /** It gets refresh tokens. */
  readonly refreshTokens: boolean;
  readonly idTokenAlgorithm: SigningAlgorithm;
  readonly options: ClientOptions;
  readonly createdAt: Date;
}

export interface OidcClientStore {
  addOidcClient(client: OidcClient): Promise<void>;
  /** Sorted by name. */
  oidcClients(): Promise<OidcClient[]>;
  oidcClient(id: string): Promise<OidcClient | undefined>;
  /** Replaces all but id and creation time. @returns false if there is no such client */
  updateOidcClient(client: OidcClient): Promise<boolean>;
  /** @returns false if there was none */
  removeOidcClient(id: string): Promise<boolean>;
}
