/** API keys, by the hash of their secret. */

/** The scopes of API keys, with descriptions for operators. */
export const API_SCOPE_NAMES = [
  'sign-in',
  'search',
  'reset-password',
  'view',
  'provision',
  'applications',
  'signing-keys',
  'audit',
  'api-keys',
] as const;

export type ApiScope = (typeof API_SCOPE_NAMES)[number];

/** For operators. */
export const API_SCOPES: Readonly<Record<ApiScope, string>> = {
  'sign-in': 'sign users in, and let users change their own passwords',
  search: 'search users and list groups',
  'reset-password': 'set the password of any user',
  view: 'read connections and their connectors',
  provision: 'create and change connections, tickets and connectors',
  applications: 'manage applications that use OpenID Connect',
  'signing-keys': 'rotate and retire the signing keys of the hub',
  audit: 'read the audit log',
  'api-keys': 'manage API keys, without exceeding its own permissions',
};

/** Scopes that are not about connections. Only keys for all connections can have them. */
export const HUB_SCOPES: readonly ApiScope[] = ['applications', 'signing-keys', 'audit', 'api-keys'];

export const MAX_KEY_DAYS = 3650;

export interface ApiKey {
  /** Names the key in lists and in `key revoke`; not a secret. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly scopes: readonly ApiScope[];
  /** Undefined means all connections, including later ones. */
  readonly connectionIds: readonly string[] | undefined;
  /** Canonical ranges from which the key may be used. Empty means all addresses. */
  readonly addresses: readonly string[];
  /** Undefined: never. */
  readonly expiresAt: Date | undefined;
  /** To the minute; undefined: never used. */
  readonly lastUsedAt: Date | undefined;
  readonly lastUsedFrom: string | undefined;
}

export interface ApiKeyStore {
  addApiKey(key: ApiKey, hash: string): Promise<void>;
  apiKeyByHash(hash: string): Promise<ApiKey | undefined>;
  setApiKeyUsed(id: string, at: Date, from: string): Promise<void>;
  /** Replaces name, permissions and expiry. @returns false if the key does not exist */
  updateApiKey(key: ApiKey): Promise<boolean>;
  /** The oldest first. */
  apiKeys(): Promise<ApiKey[]>;
  /** @returns false if there was none */
  removeApiKey(id: string): Promise<boolean>;
}
