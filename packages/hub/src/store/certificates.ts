/** The certificates that connectors registered with a connection's ticket, and what the operator decided about each. */

/** `pending`: an operator has yet to approve it. `revoked`: kept, so that the same key cannot be registered again. */
export type CertificateState = 'approved' | 'pending' | 'revoked';

export interface RegisteredCertificate {
  /** SHA-1 of the DER, lower-case hexadecimal. */
  readonly thumbprint: string;
  readonly pem: string;
  /** Whether every connector that sent it reads the JWKS document; see `addCertificate`. */
  readonly readsJwks: boolean;
  readonly agentVersion: string | undefined;
  /** The name of the machine that registered it last, where the connector says it. */
  readonly hostName: string | undefined;
  readonly registeredAt: Date;
  readonly state: CertificateState;
  /** The RS256 key of the hub that its connector was told at its last registration, for one that reads no JWKS. */
  readonly signingKid: string | undefined;
  /** Where its connector signs people in by itself, as it said at its last registration; see `frontchannel/endpoint.ts`. */
  readonly signInEndpoint: string | undefined;
}

export interface CertificateStore {
  /**
   * Adds a certificate, or brings the stored one up to date; its state and the time of its first registration stay. `readsJwks` can
   * only fall: connectors that share an imported certificate may be of different kinds, and one that reads no JWKS must never be
   * sent what it cannot verify.
   * @returns `full` where the connection has `limit` other certificates that are not revoked, `revoked` where this one is (nothing
   *   has changed), `gone` where there is no such connection
   */
  addCertificate(connectionId: string, certificate: RegisteredCertificate, limit: number): Promise<'stored' | 'full' | 'revoked' | 'gone'>;
  /** In the order of their registration. */
  certificates(connectionId: string): Promise<RegisteredCertificate[]>;
  /** @returns false where there is no such certificate */
  setCertificateState(connectionId: string, thumbprint: string, state: CertificateState): Promise<boolean>;
}
