/** What the OpenID provider signs with: ID tokens, and its cookies. */
import type { SigningAlgorithm } from './signing-keys.ts';

export interface OidcKey {
  readonly id: string;
  readonly purpose: SigningAlgorithm | 'cookie';
  /** PKCS #8 for tokens, random text for cookies. */
  readonly secret: string;
  readonly createdAt: Date;
}

export interface OidcKeyStore {
  /** Adds them where there are none yet, so that two hubs that start at once make one set. @returns whether they were added */
  addFirstOidcKeys(keys: readonly OidcKey[]): Promise<boolean>;
  addOidcKeys(keys: readonly OidcKey[]): Promise<void>;
  /** The newest first. */
  oidcKeys(): Promise<OidcKey[]>;
  removeOidcKey(id: string): Promise<void>;
}
