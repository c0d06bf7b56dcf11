/** Registration of connectors' certificates: what is accepted, which keys are approved, and what waits for an operator. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { CodedError, type Log } from '@landbridge/runtime';
import type { Audit } from '../audit/audit.ts';
import { publicKeyOf } from '../connectors/operator-actions.ts';
import type { CertificateChanges, CertificateState, RegisteredCertificate } from '../store/certificates.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import type { StoredTicket } from '../store/tickets.ts';
import { openSince } from './tickets.ts';

/** A connector needs one. A connector that creates a new certificate at each start would add more and more. */
const MAX_CERTIFICATES_PER_CONNECTION = 32;
/** A connector that waits for approval retries each minute with the same key. */
const PENDING_KEPT_MS = 60 * 60_000;
/** A spare machine may be off for weeks. */
const UNSEEN_KEPT_MS = 90 * 24 * 60 * 60_000;
/** Connectors' tokens use RS256. Shorter RSA keys are no longer safe (NIST SP 800-131A). */
const MIN_RSA_BITS = 2048;
/** A request for another address replaces an earlier one only after this time, because the audit log records each one. */
const REQUEST_INTERVAL_MS = 60_000;

export type GivenCertificate = Omit<RegisteredCertificate, 'state' | 'requestedEndpoint' | 'requestedAt'>;

/** How a certificate was registered. */
export interface RegistrationCall {
  connection: Connection;
  /** The ticket; undefined if the caller only proved its key. */
  ticket: StoredTicket | undefined;
  /** Whether the caller has proven that it has the private key. */
  isProven: boolean;
  /** An administrator approved this key by its code. */
  isApproved?: boolean;
  remoteAddress: string | undefined;
}

/**
 * @returns the certificate's fields
 * @throws CodedError INVALID_REQUEST
 * @param what the name of its field in the request
 */
export function readRegisteredCertificate(base64: string, what: string): { thumbprint: string; pem: string } {
  const certificate = parseCertificate(base64);
  if (certificate === undefined) throw new CodedError('INVALID_REQUEST', `${what} is not a base64 DER certificate`);
  assertConnectorKey(certificate.publicKey, what);
  return { thumbprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(), pem: certificate.toString() };
}

/** @param what the name of the field with the key. @throws CodedError INVALID_REQUEST */
export function assertConnectorKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, what: string): void {
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS) return;
  throw new CodedError('INVALID_REQUEST', `${what} must have an RSA key of at least ${MIN_RSA_BITS} bits`);
}

/** @returns a function that registers certificates, one after the other */
export function createRegistrations(parts: { store: Store; audit: Audit; log: Log; enrolmentHours: number }) {
  const { store, audit, log, enrolmentHours } = parts;

  /**
   * @returns the resulting state
   * @throws CodedError CERTIFICATE_REVOKED, TOO_MANY_CERTIFICATES, TICKET_NOT_FOUND
   */
  async function register(call: RegistrationCall, given: GivenCertificate): Promise<CertificateState> {
    const { connection, ticket, isProven, isApproved = false } = call;
    const { thumbprint } = given;
    const before = await store.certificates(connection.id);
    const sameKey = before.filter(({ pem }) => publicKeyOf(pem) === publicKeyOf(given.pem));
    if (sameKey.some(({ state }) => state === 'revoked')) throw keyRevoked(thumbprint);
    const known = before.find((certificate) => certificate.thumbprint === thumbprint);
    // Another certificate for an approved key changes nothing if the owner of the key sends it.
    const hasApprovedKey = isProven && sameKey.some(({ state }) => state === 'approved');
    const certificate = {
      ...given,
      state: hasApprovedKey || isApproved ? 'approved' : 'pending',
      requestedEndpoint: undefined,
      requestedAt: undefined,
    } as const;
    const enrols = ticket !== undefined && !connection.settings.approveConnectors;
    const isOpen = isApproved || (enrols && ticket.usedAt === undefined && ticket.issuedAt > openSince(enrolmentHours));
    const issued = enrols ? { hash: ticket.hash, issuedAfter: openSince(enrolmentHours) } : undefined;
    let state = await store.addCertificate(connection.id, certificate, MAX_CERTIFICATES_PER_CONNECTION, issued, {
      // They may come from a thief with a used ticket, so they must not keep out a connector with an unused one or an approved code.
      pendingBefore: new Date(isOpen ? Date.now() + 1 : Date.now() - PENDING_KEPT_MS),
      unseenSince: new Date(Date.now() - UNSEEN_KEPT_MS),
    });
    // It was registered before, and was waiting for approval.
    if (isApproved && state === 'pending' && (await store.setCertificateState(connection.id, thumbprint, 'approved'))) state = 'approved';
    if (state === 'not_found') throw new CodedError('TICKET_NOT_FOUND', 'The connection was deleted in the meantime');
    if (state === 'revoked') throw keyRevoked(thumbprint);
    if (state === 'full') {
      throw new CodedError(
        'TOO_MANY_CERTIFICATES',
        `${MAX_CERTIFICATES_PER_CONNECTION} certificates are registered for this connection, the limit`,
        {
          action:
            'Make sure that the connector keeps its certificate (with a volume, or AUTH_CERT and AUTH_CERT_KEY), or revoke unused ones.',
        },
      );
    }
    if (known !== undefined) await update(call, known, given);
    await applySimultaneousRevocation(connection, given);
    const isEnrolled = known?.state !== 'approved' && state === 'approved';
    if (known === undefined || isEnrolled) {
      await record(call, given, 'connector.register', state === 'pending' ? 'approval_pending' : 'ok', describe(given));
    }
    log.info({ connection: connection.name, thumbprint, agentVersion: given.agentVersion, state }, 'Connector certificate registered');
    return state;
  }

  async function update(call: RegistrationCall, known: RegisteredCertificate, given: GivenCertificate): Promise<void> {
    const { connection, isProven } = call;
    const { readsJwks, agentVersion, signingKid, signInEndpoint, hostName } = given;
    const changes: CertificateChanges = { readsJwks, agentVersion, signingKid };
    if (isProven) {
      Object.assign(changes, { signInEndpoint, hostName, ...NOTHING_REQUESTED });
    } else if (signInEndpoint === known.signInEndpoint) {
      Object.assign(changes, NOTHING_REQUESTED);
    } else if (signInEndpoint !== undefined && maySay(known, signInEndpoint)) {
      Object.assign(changes, { requestedEndpoint: signInEndpoint, requestedAt: new Date() });
    }
    await store.updateCertificate(connection.id, known.thumbprint, changes);
    if (changes.requestedEndpoint !== undefined) {
      log.warn({ connection: connection.name, thumbprint: known.thumbprint, signInEndpoint }, 'New sign-in address waits for an operator');
      await record(call, given, 'connector.change', 'approval_pending', `sign-in address ${signInEndpoint}`);
    }
    if (isProven && (signInEndpoint !== known.signInEndpoint || hostName !== known.hostName)) {
      await record(call, given, 'connector.change', 'ok', `sign-in address ${signInEndpoint ?? 'none'}, host ${hostName ?? 'unknown'}`);
    }
  }

  /** For a certificate registered while an operator was revoking its key. */
  async function applySimultaneousRevocation(connection: Connection, { thumbprint, pem }: GivenCertificate): Promise<void> {
    const revoked = (await store.certificates(connection.id)).filter(({ state }) => state === 'revoked');
    if (!revoked.some((other) => publicKeyOf(other.pem) === publicKeyOf(pem))) return;
    await store.setCertificateState(connection.id, thumbprint, 'revoked');
    throw keyRevoked(thumbprint);
  }

  function record(
    { connection: { name }, remoteAddress }: RegistrationCall,
    { thumbprint }: GivenCertificate,
    action: string,
    result: string,
    detail: string,
  ): Promise<void> {
    return audit.record({ actor: `connector:${thumbprint}`, action, connection: name, subject: thumbprint, remoteAddress, result, detail });
  }

  return register;
}

const NOTHING_REQUESTED = { requestedEndpoint: undefined, requestedAt: undefined };

function maySay({ requestedEndpoint, requestedAt }: RegisteredCertificate, endpoint: string): boolean {
  if (requestedEndpoint === endpoint) return false;
  return requestedAt === undefined || Date.now() - requestedAt.getTime() > REQUEST_INTERVAL_MS;
}

function describe({ hostName, agentVersion }: GivenCertificate): string {
  return [hostName, agentVersion].filter((text) => text !== undefined).join(' ');
}

function keyRevoked(thumbprint: string): CodedError {
  return new CodedError('CERTIFICATE_REVOKED', `The key of the certificate ${thumbprint} is revoked for this connection`, {
    action: 'Give the connector a new key: run "landbridge-connector setup --new-certificate" there with a new ticket.',
  });
}

function parseCertificate(base64: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(Buffer.from(base64, 'base64'));
    // Reads the key, which rejects key types that OpenSSL does not know.
    return certificate.publicKey ? certificate : undefined;
  } catch {
    return undefined;
  }
}
