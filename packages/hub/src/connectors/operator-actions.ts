/** An operator's actions on a connector: approve its key, drain and resume it, revoke it or its key. */
import { X509Certificate } from 'node:crypto';
import { CodedError, printable } from '@landbridge/runtime';
import { findConnection } from '../connections/connections.ts';
import { type Operator, recordChange } from '../operator.ts';
import type { CertificateState, RegisteredCertificate } from '../store/certificates.ts';
import type { Connection } from '../store/connections.ts';
import type { StoredInstance } from '../store/instances.ts';

const MAX_LABEL_LENGTH = 60;

/** A key by its thumbprint, or one instance. */
type Target = { connection: Connection; certificate: RegisteredCertificate; instance: StoredInstance | undefined };

/**
 * Approves a pending key: all its instances may get requests from now on.
 * @param id an instance, or the thumbprint of a key
 * @throws CodedError CONNECTION_NOT_FOUND, CONNECTOR_NOT_FOUND, CONNECTOR_REVOKED
 */
export async function approveConnector(operator: Operator, connectionName: string, id: string): Promise<void> {
  const { connection, certificate } = await find(operator, connectionName, id);
  if (certificate.state === 'revoked') throw isRevoked(connectionName, id);
  await setState(operator, connection, certificate, 'approved');
  await recordChange(operator, { action: 'connector.approve', connection: connectionName, subject: certificate.thumbprint });
  await operator.takeEffect();
}

/**
 * Accepts or refuses a sign-in address that was registered without proof of the key, as Auth0 connectors do.
 * @param id an instance, or the thumbprint of a key
 * @param endpoint the address that the operator saw
 * @throws CodedError CONNECTION_NOT_FOUND, CONNECTOR_NOT_FOUND, SIGN_IN_ADDRESS_CHANGED
 */
export async function decideEndpoint(
  operator: Operator,
  connectionName: string,
  id: string,
  { endpoint, confirmed }: { endpoint: string; confirmed: boolean },
): Promise<void> {
  const { connection, certificate } = await find(operator, connectionName, id);
  const { thumbprint, requestedEndpoint } = certificate;
  if (requestedEndpoint === undefined || requestedEndpoint !== endpoint) {
    throw new CodedError('SIGN_IN_ADDRESS_CHANGED', `"${id}" has no pending request for this sign-in address`, {
      action: 'Check the connector again: the request may have changed.',
    });
  }
  const decided = { requestedEndpoint: undefined, requestedAt: undefined, ...(confirmed && { signInEndpoint: endpoint }) };
  await operator.store.updateCertificate(connection.id, thumbprint, decided);
  const action = confirmed ? 'connector.confirm-change' : 'connector.dismiss-change';
  await recordChange(operator, { action, connection: connectionName, subject: thumbprint, detail: `sign-in address ${endpoint}` });
  await operator.takeEffect();
}

/**
 * `drain`: the instance finishes its requests and gets no new ones, across reconnections and restarts. `resume` ends that.
 * @throws CodedError CONNECTION_NOT_FOUND, CONNECTOR_NOT_FOUND
 */
export async function drainConnector(operator: Operator, connectionName: string, id: string, action: 'drain' | 'resume'): Promise<void> {
  const { connection, instance } = await find(operator, connectionName, id);
  if (instance === undefined) throw notFound(id, connectionName);
  await operator.store.setInstance(connection.id, instance.id, { drained: action === 'drain' });
  await recordChange(operator, { action: `connector.${action}`, connection: connectionName, subject: instance.id });
  await operator.takeEffect();
}

/** @throws CodedError CONNECTION_NOT_FOUND, CONNECTOR_NOT_FOUND, INVALID_REQUEST */
export async function labelConnector(operator: Operator, connectionName: string, id: string, given: string): Promise<void> {
  const label = given.trim();
  if (label.length > MAX_LABEL_LENGTH || printable(label) !== label)
    throw new CodedError('INVALID_REQUEST', `A label has up to ${MAX_LABEL_LENGTH} printable characters`);
  const { connection, instance } = await find(operator, connectionName, id);
  if (instance === undefined) throw notFound(id, connectionName);
  await operator.store.setInstance(connection.id, instance.id, { label });
  await recordChange(operator, { action: 'connector.label', connection: connectionName, subject: instance.id, detail: label });
}

/**
 * Rejects one instance from now on; its sockets are dropped, and its requests in flight are lost. A compromised connector can reconnect
 * under a new ID as long as its key is valid: use `revokeKey` then.
 * @throws CodedError CONNECTION_NOT_FOUND, CONNECTOR_NOT_FOUND
 */
export async function revokeInstance(operator: Operator, connectionName: string, id: string): Promise<void> {
  const { connection, instance } = await find(operator, connectionName, id);
  if (instance === undefined) throw notFound(id, connectionName);
  await operator.store.setInstance(connection.id, instance.id, { revoked: true });
  await recordChange(operator, { action: 'connector.revoke', connection: connectionName, subject: instance.id });
  await operator.takeEffect();
}

/**
 * Rejects a key permanently, in any certificate; all its instances are dropped. An attacker with the key had the ticket as well: renew it
 * too.
 * @param id an instance, or the thumbprint of a key
 * @throws CodedError CONNECTION_NOT_FOUND, CONNECTOR_NOT_FOUND
 */
export async function revokeKey(operator: Operator, connectionName: string, id: string): Promise<void> {
  const { connection, certificate } = await find(operator, connectionName, id);
  const key = publicKeyOf(certificate.pem);
  // First, so that a simultaneous registration of this key either sees it or is found below.
  await setState(operator, connection, certificate, 'revoked');
  for (const other of await operator.store.certificates(connection.id)) {
    if (publicKeyOf(other.pem) === key) await setState(operator, connection, other, 'revoked');
  }
  await recordChange(operator, { action: 'connector.revoke-key', connection: connectionName, subject: certificate.thumbprint });
  await operator.takeEffect();
}

/** @returns the same text for all certificates of one key */
export function publicKeyOf(pem: string): string {
  return new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
}

async function setState(
  { store }: Operator,
  connection: Connection,
  { thumbprint }: RegisteredCertificate,
  state: CertificateState,
): Promise<void> {
  if (!(await store.setCertificateState(connection.id, thumbprint, state))) throw notFound(thumbprint, connection.name);
}

async function find({ store }: Operator, connectionName: string, id: string): Promise<Target> {
  const connection = await findConnection(store, connectionName);
  const instance = (await store.instances(connection.id)).find((candidate) => candidate.id === id);
  const thumbprint = instance?.thumbprint ?? id;
  const certificate = (await store.certificates(connection.id)).find((candidate) => candidate.thumbprint === thumbprint);
  if (certificate === undefined) throw notFound(id, connectionName);
  return { connection, certificate, instance };
}

function notFound(id: string, connectionName: string): CodedError {
  return new CodedError('CONNECTOR_NOT_FOUND', `The connection "${connectionName}" has no connector "${id.slice(0, 64)}"`, {
    action: `See "landbridge-hub connector list ${connectionName}".`,
  });
}

function isRevoked(connectionName: string, id: string): CodedError {
  return new CodedError('CONNECTOR_REVOKED', `The key of "${id}" is revoked permanently`, {
    action: `To enrol it again, get a ticket with "landbridge-hub connector add ${connectionName}", and run "landbridge-connector setup --new-certificate" there.`,
  });
}
