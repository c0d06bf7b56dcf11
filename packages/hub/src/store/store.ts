/**
 * What the hub keeps, as one interface. This folder owns how it is kept; what it means is owned by `connections`, `tickets`,
 * `keys` and `api`. Every implementation passes the suite in `conformance.ts`. All methods may reject with a CodedError
 * STORE_FAILED; secrets arrive here only as hashes, except the private signing keys.
 */

export interface Connection {
  /** Random and never used again, so that a new connection of an old name inherits nothing. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
}

/** A connector's certificate, sent with the connection's ticket. */
export interface RegisteredCertificate {
  /** SHA-1 of the DER, lower-case hexadecimal. */
  readonly thumbprint: string;
  readonly pem: string;
  /** Whether every connector that sent it reads the JWKS document; see `addCertificate`. */
  readonly readsJwks: boolean;
  readonly agentVersion: string | undefined;
  readonly registeredAt: Date;
}

export type SigningAlgorithm = 'RS256' | 'ES256';

export interface StoredSigningKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** PKCS #8. */
  readonly privateKeyPem: string;
  readonly createdAt: Date;
}

export interface ApiKey {
  /** Names the key in lists and in `key revoke`; it is no secret. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
}

export interface Store {
  /** @returns false where the name is taken; nothing has changed then */
  addConnection(connection: Connection, ticketHash: string): Promise<boolean>;
  /** In the order of their names. */
  connections(): Promise<Connection[]>;
  connectionByName(name: string): Promise<Connection | undefined>;
  connectionByTicket(ticketHash: string): Promise<Connection | undefined>;
  /** From then on only the new ticket is known. @returns false where there is no such connection */
  replaceTicket(connectionId: string, ticketHash: string): Promise<boolean>;
  /** With its ticket, certificates and codes. @returns false where there was none */
  removeConnection(name: string): Promise<boolean>;

  /**
   * Adds a certificate, or brings the stored one up to date. `readsJwks` can only fall: connectors that share an imported
   * certificate may be of different kinds, and one that reads no JWKS must never be sent what it cannot verify.
   * @returns `full` where the connection has `limit` other certificates, `gone` where there is no such connection
   */
  addCertificate(connectionId: string, certificate: RegisteredCertificate, limit: number): Promise<'stored' | 'full' | 'gone'>;
  /** In the order of their registration. */
  certificates(connectionId: string): Promise<RegisteredCertificate[]>;

  /** @returns the key that stands for its algorithm: the given one, or the one that was there already */
  addSigningKey(key: StoredSigningKey): Promise<StoredSigningKey>;
  signingKeys(): Promise<StoredSigningKey[]>;

  addApiKey(key: ApiKey, hash: string): Promise<void>;
  apiKeyByHash(hash: string): Promise<ApiKey | undefined>;
  /** The oldest first. */
  apiKeys(): Promise<ApiKey[]>;
  /** @returns false where there was none */
  removeApiKey(id: string): Promise<boolean>;

  /** A one-time code for the Try page of a connection. */
  addTryCode(hash: string, connectionId: string, expiresAt: Date): Promise<void>;
  /** @returns the connection's id, once; undefined for an unknown, used or expired code */
  takeTryCode(hash: string, now: Date): Promise<string | undefined>;

  /** Where the running hub is reached, so that commands can print whole URLs. */
  setPublicUrl(url: string): Promise<void>;
  publicUrl(): Promise<string | undefined>;

  close(): Promise<void>;
}
