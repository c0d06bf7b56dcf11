/**
 * Which connector it is that proved to have a registered key: found or added, refused where an operator decided so, and listed with
 * what is known of it. A key may be shared; the id that an instance tells counts only together with its key, so that nobody can take
 * another's place who does not have that key.
 */
import { randomBytes } from 'node:crypto';
import type { AgentInstance } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { RegisteredCertificate } from '../store/certificates.ts';
import type { Connection } from '../store/connections.ts';
import type { StoredInstance } from '../store/instances.ts';
import type { Store } from '../store/store.ts';
import { isOlder, VERSION } from '../version.ts';
import type { AuthenticatedAgent } from './agent-token.ts';
import type { OnlineConnectors } from './online.ts';
import type { InstanceStatistics, Statistics } from './statistics.ts';

/** With one key. A connector that tells a new id each time pushes out only those that share its key. */
const MAX_INSTANCES_PER_KEY = 64;

/**
 * @param told what the connector says of itself; undefined for installed ones, which are told apart by their address
 * @returns the instance, which may be asked (unless it is drained)
 * @throws CodedError AGENT_PENDING, AGENT_REVOKED, AGENT_KEY_RETIRED, AGENT_REFUSED; the message is for the operator
 */
export async function admitInstance(
  { store, keys }: { store: Store; keys: SigningKeys },
  { connection, certificate }: AuthenticatedAgent,
  told: AgentInstance | undefined,
  remoteAddress: string,
): Promise<StoredInstance> {
  const { thumbprint } = certificate;
  const who = `connection "${connection.name}", key ${thumbprint}`;
  if (certificate.state === 'revoked') throw new CodedError('AGENT_REVOKED', `its key is revoked (${who})`);
  const instance = await store.seeInstance(
    {
      id: randomBytes(6).toString('hex'),
      connectionId: connection.id,
      thumbprint,
      identity: told === undefined ? `address ${remoteAddress}` : `${TOLD}${told.id}`,
      hostName: told?.hostName,
      version: told?.version ?? certificate.agentVersion,
      remoteAddress,
      at: new Date(),
    },
    MAX_INSTANCES_PER_KEY,
  );
  if (instance === undefined) {
    throw new CodedError('AGENT_REFUSED', `the ${MAX_INSTANCES_PER_KEY} instances of its key are all drained or revoked (${who})`);
  }
  if (instance.revoked) throw new CodedError('AGENT_REVOKED', `the instance ${instance.id} is revoked (${who})`);
  if (certificate.state === 'pending') {
    throw new CodedError('AGENT_PENDING', `its key waits for approval (${who})`, {
      action: `landbridge-hub connector approve ${connection.name} ${instance.id}`,
    });
  }
  const { signingKid } = certificate;
  if (!certificate.readsJwks && signingKid !== undefined && keys.lifeOf(signingKid).gone) {
    throw new CodedError('AGENT_KEY_RETIRED', `it knows only a signing key that is gone, and has to register again (${who})`);
  }
  return instance;
}

const TOLD = 'told ';

/** `draining`: by its own word or an operator's; `drained` tells which. */
export type InstanceState = 'online' | 'draining' | 'offline' | 'pending' | 'revoked';

export interface InstanceView
  extends Pick<StoredInstance, 'id' | 'hostName' | 'version' | 'remoteAddress' | 'thumbprint' | 'firstSeenAt' | 'lastSeenAt' | 'drained'>,
    InstanceStatistics {
  state: InstanceState;
  /** It is one of ours, and of an older version than the hub. */
  outdated: boolean;
  /** Others have the same key: whoever has it can appear as any of them. */
  sharesKey: boolean;
  /** Since when it has a socket, and how many: more than one where several cannot be told apart. */
  onlineSince: Date | undefined;
  sockets: number;
  inFlight: number;
}

/** @returns the instances of a connection in the order in which they were first seen */
export async function listInstances(
  parts: { store: Store; online: OnlineConnectors; statistics: Statistics },
  connection: Connection,
): Promise<InstanceView[]> {
  const [instances, certificates] = await Promise.all([parts.store.instances(connection.id), parts.store.certificates(connection.id)]);
  return instances.map((instance) => {
    const { id, hostName, version, remoteAddress, thumbprint, firstSeenAt, lastSeenAt, drained } = instance;
    const sockets = parts.online.of(connection.id).filter((connector) => connector.instance === id && connector.open);
    const isDraining = sockets.length > 0 && sockets.every((connector) => connector.draining);
    return {
      id,
      hostName,
      version,
      outdated: instance.identity.startsWith(TOLD) && version !== undefined && isOlder(version, VERSION),
      remoteAddress,
      thumbprint,
      sharesKey: instances.some((other) => other !== instance && other.thumbprint === thumbprint),
      state: decided(instance, certificates) ?? (sockets.length === 0 ? 'offline' : isDraining ? 'draining' : 'online'),
      drained,
      firstSeenAt,
      lastSeenAt: sockets.length > 0 ? new Date() : lastSeenAt,
      onlineSince: sockets.map(({ connectedAt }) => connectedAt).sort((a, b) => a.getTime() - b.getTime())[0],
      sockets: sockets.length,
      inFlight: sockets.reduce((sum, connector) => sum + connector.inFlight, 0),
      ...parts.statistics.of(id),
    };
  });
}

/** @returns what an operator's decision makes of an instance, whether it is there or not */
export function decided(
  { revoked, thumbprint }: StoredInstance,
  certificates: readonly RegisteredCertificate[],
): 'pending' | 'revoked' | undefined {
  const state = certificates.find((certificate) => certificate.thumbprint === thumbprint)?.state;
  if (revoked || state === 'revoked') return 'revoked';
  return state === 'pending' ? 'pending' : undefined;
}
