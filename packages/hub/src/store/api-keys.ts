/** API keys, by the hash of their secret. */

export interface ApiKey {
  /** Names the key in lists and in `key revoke`; it is no secret. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  /** `sign-in`: only what an application needs for its people; `operate`: all that the API can. */
  readonly scope: 'operate' | 'sign-in';
}

export interface ApiKeyStore {
  addApiKey(key: ApiKey, hash: string): Promise<void>;
  apiKeyByHash(hash: string): Promise<ApiKey | undefined>;
  /** The oldest first. */
  apiKeys(): Promise<ApiKey[]>;
  /** @returns false where there was none */
  removeApiKey(id: string): Promise<boolean>;
}
