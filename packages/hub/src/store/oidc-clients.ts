/** OpenID Connect clients: the applications that people sign in to. */
import type { SigningAlgorithm } from './signing-keys.ts';

export interface OidcClient {
  /** The `client_id`: random, and no secret. */
  readonly id: string;
  /** For operators, and for people on the pages of signing in and out. */
  readonly name: string;
  /** Undefined: a public client (an application in a browser or on a device), which can keep no secret. */
  readonly secretHash: string | undefined;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  /** Ids of the connections whose people may sign in to it; undefined: all, also those that are made later. */
  readonly connectionIds: readonly string[] | undefined;
  /** Whether it is given refresh tokens. */
  readonly refreshTokens: boolean;
  readonly idTokenAlgorithm: SigningAlgorithm;
  readonly createdAt: Date;
}

export interface OidcClientStore {
  addOidcClient(client: OidcClient): Promise<void>;
  /** In the order of their names. */
  oidcClients(): Promise<OidcClient[]>;
  oidcClient(id: string): Promise<OidcClient | undefined>;
  /** Replaces all but id and time. @returns false where there is no such client */
  updateOidcClient(client: OidcClient): Promise<boolean>;
  /** @returns false where there was none */
  removeOidcClient(id: string): Promise<boolean>;
}
