/** A connection, a certificate and a ticket for tests of the store and of everything above it. */
import type { RegisteredCertificate } from '../../src/store/certificates.ts';
import type { Connection } from '../../src/store/connections.ts';
import type { StoredTicket } from '../../src/store/tickets.ts';

export const AT = new Date('2026-01-02T03:04:05.678Z');

export function exampleConnection(name: string, changes: Partial<Connection> = {}): Connection {
  return {
    id: `id-${name}`,
    name,
    createdAt: AT,
    enabled: true,
    settings: {
      kerberos: false,
      certAuth: false,
      ipRanges: [],
      credentialCache: true,
      cacheOpen: false,
      cacheClosed: false,
      emailDomains: [],
      listed: true,
      emailVerified: false,
      approveConnectors: false,
    },
    ...changes,
  };
}

export function exampleCertificate(thumbprint: string, changes: Partial<RegisteredCertificate> = {}): RegisteredCertificate {
  return {
    thumbprint,
    pem: `pem-${thumbprint}`,
    readsJwks: true,
    agentVersion: '1.0.0',
    hostName: 'dc1',
    registeredAt: AT,
    state: 'approved',
    signingKid: undefined,
    signInEndpoint: undefined,
    requestedEndpoint: undefined,
    requestedAt: undefined,
    ...changes,
  };
}

/** Of the connection `a`. */
export function exampleTicket(hash: string, changes: Partial<StoredTicket> = {}): StoredTicket {
  return { hash, connectionId: 'id-a', enrolmentKey: 'key', issuedAt: AT, usedAt: undefined, ...changes };
}
