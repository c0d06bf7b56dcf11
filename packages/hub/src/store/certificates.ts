/** Certificates that connectors registered with a ticket, and their state. */

/** `pending`: waiting for approval. `revoked`: stays, so that the same key cannot be registered again. */
export type CertificateState = 'approved' | 'pending' | 'revoked';

export interface RegisteredCertificate {
  /** SHA-1 of the DER, lower-case hexadecimal. */
  readonly thumbprint: string;
  readonly pem: string;
  /** All connectors that registered it read the JWKS document; see `addCertificate`. */
  readonly readsJwks: boolean;
  readonly agentVersion: string | undefined;
  /** The machine that registered it last, if the connector sent its name. */
  readonly hostName: string | undefined;
  readonly registeredAt: Date;
  readonly state: CertificateState;
  /** The RS256 key that its connector got at its last registration, if it does not read the JWKS document. */
  readonly signingKid: string | undefined;
  /** The address of its connector's front channel, from its last registration; see `frontchannel/endpoint.ts`. */
  readonly signInEndpoint: string | undefined;
}

export interface CertificateStore {
  /**
   * Adds a certificate, or updates the stored one; its state and first registration time stay. `readsJwks` never becomes true again:
   * different connectors may share an imported certificate, and one that does not read the JWKS document must get no request that it
   * cannot verify.
   * @returns `full` if the connection has `limit` other certificates that are not revoked, `revoked` if this one is (nothing has
   *   changed), `not_found` if there is no such connection
   */
  addCertificate(
    connectionId: string,
    certificate: RegisteredCertificate,
    limit: number,
  ): Promise<'stored' | 'full' | 'revoked' | 'not_found'>;
  /** In order of registration. */
  certificates(connectionId: string): Promise<RegisteredCertificate[]>;
  /** @returns false if there is no such certificate */
  setCertificateState(connectionId: string, thumbprint: string, state: CertificateState): Promise<boolean>;
}
