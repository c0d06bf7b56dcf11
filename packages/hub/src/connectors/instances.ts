/**
 * Instances of connectors: identified after they proved that they hold a registered key, rejected if an operator says so, and listed. Several
 * instances may share a key. An instance's own ID counts only together with its key, so that no other connector can take its place.
 */
import { randomBytes } from 'node:crypto';
import { type AgentInstance, isOlder } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { OfferedPackages } from '../offered-packages/offered-packages.ts';
import type { RegisteredCertificate } from '../store/certificates.ts';
import type { Connection } from '../store/connections.ts';
import type { StoredInstance } from '../store/instances.ts';
import type { Store } from '../store/store.ts';
import { HUB_VERSION } from '../version.ts';
import type { AuthenticatedAgent } from './agent-token.ts';
import type { OnlineConnectors } from './online.ts';
import type { InstanceStatistics, Statistics } from './statistics.ts';

/** A connector that sends a new ID each time displaces only instances with the same key. */
const MAX_INSTANCES_PER_KEY = 64;

/**
 * @param claimed how the connector identifies itself; undefined for Auth0 connectors, which are told apart by address
 * @returns the instance; it may get requests unless it is drained
 * @throws CodedError AGENT_PENDING, AGENT_REVOKED, AGENT_KEY_RETIRED, AGENT_REFUSED; the message is for the operator
 */
export async function admitInstance(
  { store, keys }: { store: Store; keys: SigningKeys },
  { connection, certificate }: AuthenticatedAgent,
  claimed: AgentInstance | undefined,
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
      identity: claimed === undefined ? `address ${remoteAddress}` : `${CLAIMED}${claimed.id}`,
      hostName: claimed?.hostName,
      version: claimed?.version ?? certificate.agentVersion,
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
    throw new CodedError('AGENT_PENDING', `its key is waiting for approval (${who})`, {
      action: `landbridge-hub connector approve ${connection.name} ${instance.id}`,
    });
  }
  const { signingKid } = certificate;
  if (!certificate.readsJwks && signingKid !== undefined && keys.lifeOf(signingKid).removed) {
    throw new CodedError('AGENT_KEY_RETIRED', `it knows only a removed signing key, and has to register again (${who})`);
  }
  return instance;
}

/** The prefix is stored. */
const CLAIMED = 'told ';

/** `draining`: it is stopping, or an operator drains it (`drained`). */
export type InstanceState = 'online' | 'draining' | 'offline' | 'pending' | 'revoked';

export interface InstanceView
  extends Pick<
      StoredInstance,
      'id' | 'hostName' | 'version' | 'remoteAddress' | 'thumbprint' | 'firstSeenAt' | 'lastSeenAt' | 'drained' | 'label'
    >,
    InstanceStatistics {
  state: InstanceState;
  /** A Landbridge connector of an older version than the newest one that the hub knows. */
  outdated: boolean;
  /** Other instances have the same key, and could pose as this one. */
  sharesKey: boolean;
  /** `sockets` is more than one if several connectors cannot be told apart. */
  onlineSince: Date | undefined;
  sockets: number;
  inFlight: number;
  /** How far its clock was ahead of the hub's when it connected; negative: behind. */
  clockSkewMs: number | undefined;
}

type OffersNewest = Pick<OfferedPackages, 'newestConnector'>;

/** @returns the version that connectors should have: the newest one offered, or this hub's */
export function newestVersion({ newestConnector }: OffersNewest): string {
  const offered = newestConnector();
  return offered !== undefined && isOlder(HUB_VERSION, offered) ? offered : HUB_VERSION;
}

/** @returns the instances of a connection, in the order in which they were first seen */
export async function listInstances(
  parts: { store: Store; online: OnlineConnectors; statistics: Statistics; offered: OffersNewest },
  connection: Connection,
): Promise<InstanceView[]> {
  const [instances, certificates] = await Promise.all([parts.store.instances(connection.id), parts.store.certificates(connection.id)]);
  return instances.map((instance) => {
    const { id, hostName, version, remoteAddress, thumbprint, firstSeenAt, lastSeenAt, drained, label } = instance;
    const sockets = parts.online.of(connection.id).filter((connector) => connector.instance === id && connector.open);
    const { clockSkewMs } = sockets.at(-1) ?? {};
    const isDraining = sockets.length > 0 && sockets.every((connector) => connector.draining);
    return {
      clockSkewMs,
      id,
      hostName,
      version,
      outdated: instance.identity.startsWith(CLAIMED) && version !== undefined && isOlder(version, newestVersion(parts.offered)),
      remoteAddress,
      thumbprint,
      sharesKey: instances.some((other) => other !== instance && other.thumbprint === thumbprint),
      state: stateSetByOperator(instance, certificates) ?? (sockets.length === 0 ? 'offline' : isDraining ? 'draining' : 'online'),
      drained,
      label,
      firstSeenAt,
      lastSeenAt: sockets.length > 0 ? new Date() : lastSeenAt,
      onlineSince: sockets.map(({ connectedAt }) => connectedAt).sort((a, b) => a.getTime() - b.getTime())[0],
      sockets: sockets.length,
      inFlight: sockets.reduce((sum, connector) => sum + connector.inFlight, 0),
      ...parts.statistics.of(id),
    };
  });
}

/** @returns the state that an operator has set, whether the instance is online or not */
export function stateSetByOperator(
  { revoked, thumbprint }: StoredInstance,
  certificates: readonly RegisteredCertificate[],
): 'pending' | 'revoked' | undefined {
  const state = certificates.find((certificate) => certificate.thumbprint === thumbprint)?.state;
  if (revoked || state === 'revoked') return 'revoked';
  return state === 'pending' ? 'pending' : undefined;
}
