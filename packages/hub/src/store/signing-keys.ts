/** The tenant's private signing keys. */

export type SigningAlgorithm = 'RS256' | 'ES256';

export interface StoredSigningKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** PKCS #8. */
  readonly privateKeyPem: string;
  readonly createdAt: Date;
  /** Published from its making on; it signs from this time on, when all who read the keys have seen it. */
  readonly signsFrom: Date;
  /** A newer one takes its place, and it is removed at this time. */
  readonly retiresAt: Date | undefined;
}

export interface SigningKeyStore {
  /** @returns the key that stands for its algorithm: the given one, or the newest that was there already */
  addSigningKey(key: StoredSigningKey): Promise<StoredSigningKey>;
  /** Adds a key; those of its algorithm that were there retire at the given time, where no time was set before. */
  succeedSigningKey(next: StoredSigningKey, retiresAt: Date): Promise<void>;
  /** Removes a key at once; `replacement`, which may be stored already, signs from its `signsFrom` on and does not retire. */
  replaceSigningKey(kid: string, replacement: StoredSigningKey): Promise<void>;
  /** Removes those whose time has come. */
  removeRetiredSigningKeys(now: Date): Promise<void>;
  /** In the order in which they begin to sign. */
  signingKeys(): Promise<StoredSigningKey[]>;
}
