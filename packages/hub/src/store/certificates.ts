/** The certificates that connectors registered with a connection's ticket. */

export interface RegisteredCertificate {
  /** SHA-1 of the DER, lower-case hexadecimal. */
  readonly thumbprint: string;
  readonly pem: string;
  /** Whether every connector that sent it reads the JWKS document; see `addCertificate`. */
  readonly readsJwks: boolean;
  readonly agentVersion: string | undefined;
  readonly registeredAt: Date;
}

export interface CertificateStore {
  /**
   * Adds a certificate, or brings the stored one up to date. `readsJwks` can only fall: connectors that share an imported
   * certificate may be of different kinds, and one that reads no JWKS must never be sent what it cannot verify.
   * @returns `full` where the connection has `limit` other certificates, `gone` where there is no such connection
   */
  addCertificate(connectionId: string, certificate: RegisteredCertificate, limit: number): Promise<'stored' | 'full' | 'gone'>;
  /** In the order of their registration. */
  certificates(connectionId: string): Promise<RegisteredCertificate[]>;
}
