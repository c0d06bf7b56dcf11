/** The keys of the hub's identity: the current one, and the former ones that lead to it. */

export interface HubIdentityKey {
  /** Raw, in base64url. */
  readonly key: string;
  /** By the key before it; undefined for the first. */
  readonly signature: string | undefined;
  /** PKCS #8. Removed when another key follows. */
  readonly privateKeyPem: string | undefined;
  readonly createdAt: Date;
}

export interface HubIdentityStore {
  /** Adds it unless there is one. */
  addFirstHubIdentity(first: HubIdentityKey): Promise<void>;
  /** @returns false if `current` is no longer the newest key; nothing has changed then. */
  succeedHubIdentity(current: string, next: HubIdentityKey): Promise<boolean>;
  /** Removes all keys and adds this one. */
  replaceHubIdentity(first: HubIdentityKey): Promise<void>;
  /** The oldest first. */
  hubIdentityKeys(): Promise<HubIdentityKey[]>;
}
