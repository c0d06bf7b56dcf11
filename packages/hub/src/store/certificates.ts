/** Certificates that connectors registered with a ticket, and their state. */

/** `pending`: waiting for approval. `revoked`: stays, so that the same key cannot be registered again. */
export type CertificateState = 'approved' | 'pending' | 'revoked';

export interface RegisteredCertificate {
  /** SHA-1 of the DER, lower-case hexadecimal. */
  readonly thumbprint: string;
  readonly pem: string;
  /** All connectors that registered it read the JWKS document; see `updateCertificate`. */
  readonly readsJwks: boolean;
  readonly agentVersion: string | undefined;
  /** The machine that registered it last, if the connector sent its name. */
  readonly hostName: string | undefined;
  readonly registeredAt: Date;
  readonly state: CertificateState;
  /** The RS256 key that its connector got at its last registration, if it does not read the JWKS document. */
  readonly signingKid: string | undefined;
  /** The front-channel address from the connector's registration; see `frontchannel/endpoint.ts`. */
  readonly signInEndpoint: string | undefined;
  /** A different address, registered without proof of the key, that waits for an operator. */
  readonly requestedEndpoint: string | undefined;
  readonly requestedAt: Date | undefined;
}

export type CertificateChanges = Partial<
  Pick<
    RegisteredCertificate,
    'readsJwks' | 'agentVersion' | 'hostName' | 'signingKid' | 'signInEndpoint' | 'requestedEndpoint' | 'requestedAt'
  >
>;

/** Limits for removing unused keys: pending since before the first time, or approved and not online since the second. */
export interface Forgettable {
  pendingBefore: Date;
  unseenSince: Date;
}

export interface CertificateStore {
  /**
   * Adds a certificate. A known one stays unchanged. A pending one, new or known, is approved if the ticket has not been used and was
   * issued after the given time, and the ticket is then used up. At the limit, the oldest removable certificate is dropped, pending ones first.
   * @returns the resulting state, `full` if the connection has `limit` other certificates that are not revoked, `not_found` if there is no such
   *   connection
   */
  addCertificate(
    connectionId: string,
    certificate: RegisteredCertificate,
    limit: number,
    ticket?: { hash: string; issuedAfter: Date },
    forgettable?: Forgettable,
  ): Promise<CertificateState | 'full' | 'not_found'>;
  /**
   * Changes the given fields of a certificate that is not revoked. `readsJwks` never becomes true again: several connectors may share an imported
   * certificate, and one that does not read the JWKS document must not get a request that it cannot verify.
   */
  updateCertificate(connectionId: string, thumbprint: string, changes: CertificateChanges): Promise<void>;
  /** In order of registration. */
  certificates(connectionId: string): Promise<RegisteredCertificate[]>;
  /** @returns false if there is no such certificate */
  setCertificateState(connectionId: string, thumbprint: string, state: CertificateState): Promise<boolean>;
}
