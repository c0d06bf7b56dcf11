/** The tenant's private signing keys. */

export type SigningAlgorithm = 'RS256' | 'ES256';

export interface StoredSigningKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** PKCS #8. */
  readonly privateKeyPem: string;
  readonly createdAt: Date;
}

export interface SigningKeyStore {
  /** @returns the key that stands for its algorithm: the given one, or the one that was there already */
  addSigningKey(key: StoredSigningKey): Promise<StoredSigningKey>;
  signingKeys(): Promise<StoredSigningKey[]>;
}
