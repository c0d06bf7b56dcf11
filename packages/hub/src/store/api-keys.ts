/** API keys, by the hash of their secret. */

export interface ApiKey {
  /** Names the key in lists and in `key revoke`; not a secret. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  /** `sign-in`: only what an application needs for its users; `operate`: the whole API. */
  readonly scope: 'operate' | 'sign-in';
}

export interface ApiKeyStore {
  addApiKey(key: ApiKey, hash: string): Promise<void>;
  apiKeyByHash(hash: string): Promise<ApiKey | undefined>;
  /** The oldest first. */
  apiKeys(): Promise<ApiKey[]>;
  /** @returns false if there was none */
  removeApiKey(id: string): Promise<boolean>;
}
