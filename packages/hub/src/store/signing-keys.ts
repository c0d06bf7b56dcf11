/** The hub's private signing keys for requests to connectors. */

export type SigningAlgorithm = 'RS256' | 'ES256';

export interface StoredSigningKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** PKCS #8. */
  readonly privateKeyPem: string;
  readonly createdAt: Date;
  /** Published since its creation; it signs from this time on, when all readers of the JWKS document know it. */
  readonly signsFrom: Date;
  /** Replaced by a newer key, and removed at this time. */
  readonly retiresAt: Date | undefined;
}

export interface SigningKeyStore {
  /** Adds it unless there is one of its algorithm. @returns the given key, or the newest existing one */
  addSigningKey(key: StoredSigningKey): Promise<StoredSigningKey>;
  /** Adds a key; existing ones of its algorithm retire at the given time, unless they have one already. */
  succeedSigningKey(next: StoredSigningKey, retiresAt: Date): Promise<void>;
  /** Removes a key at once; `replacement`, new or stored, signs from its `signsFrom` on and does not retire. */
  replaceSigningKey(kid: string, replacement: StoredSigningKey): Promise<void>;
  /** Removes keys whose retirement has come. */
  removeRetiredSigningKeys(now: Date): Promise<void>;
  /** Sorted by `signsFrom`. */
  signingKeys(): Promise<StoredSigningKey[]>;
}
