/** The keys of the hub's identity: the current one, and the chain of former ones that leads to it. */

export interface HubIdentityKey {
  /** Raw, in base64url. */
  readonly key: string;
  /** Made with the previous key; undefined for the first key. */
  readonly signature: string | undefined;
  /** PKCS #8. Removed when the key is replaced. */
  readonly privateKeyPem: string | undefined;
  readonly createdAt: Date;
}

export interface HubIdentityStore {
  /** Adds the key unless there is one already. */
  addFirstHubIdentity(first: HubIdentityKey): Promise<void>;
  /** @returns false, without a change, if `current` is no longer the newest key */
  succeedHubIdentity(current: string, next: HubIdentityKey): Promise<boolean>;
  /** Removes all keys and adds this one. */
  replaceHubIdentity(first: HubIdentityKey): Promise<void>;
  /** The oldest first. */
  hubIdentityKeys(): Promise<HubIdentityKey[]>;
}
