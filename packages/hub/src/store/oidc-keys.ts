/** The OpenID provider's keys for ID tokens and cookies. */
import type { SigningAlgorithm } from './signing-keys.ts';

export interface OidcKey {
  readonly id: string;
  readonly purpose: SigningAlgorithm | 'cookie';
  /** PKCS #8 for tokens, random text for cookies. */
  readonly secret: string;
  readonly createdAt: Date;
}

export interface OidcKeyStore {
  /** Adds them if there are none, so that two hubs that start at the same time create one set. @returns whether they were added */
  addFirstOidcKeys(keys: readonly OidcKey[]): Promise<boolean>;
  addOidcKeys(keys: readonly OidcKey[]): Promise<void>;
  /** The newest first. */
  oidcKeys(): Promise<OidcKey[]>;
  removeOidcKey(id: string): Promise<void>;
}
