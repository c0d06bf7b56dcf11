/** API keys, by the hash of their secret. */

export interface ApiKey {
  /** Names the key in lists and in `key revoke`; not a secret. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  /** `sign-in`: only sign-ins and users' own password changes; `operate`: the whole API. */
  readonly scope: 'operate' | 'sign-in';
  /** Undefined: never. */
  readonly expiresAt: Date | undefined;
  /** To the minute; undefined: never used. */
  readonly lastUsedAt: Date | undefined;
}

export interface ApiKeyStore {
  addApiKey(key: ApiKey, hash: string): Promise<void>;
  apiKeyByHash(hash: string): Promise<ApiKey | undefined>;
  setApiKeyUsed(id: string, at: Date): Promise<void>;
  /** The oldest first. */
  apiKeys(): Promise<ApiKey[]>;
  /** @returns false if there was none */
  removeApiKey(id: string): Promise<boolean>;
}
