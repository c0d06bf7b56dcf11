/** The address that browsers are redirected to: an eligible connector's, as it registered it. */
import type { OnlineConnectors } from '../connectors/online.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

const MAX_URL_LENGTH = 2048;
/** The URL parser normalises IPv4 addresses. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Every connector registers one, most of them the default of a server that is off, so an unusable one is no reason to reject a registration.
 *
 * @returns the address; undefined if browsers must not be sent there: over plain HTTP anyone on the path could take the assertion
 */
export function signInEndpointOf(registered: string | null | undefined): string | undefined {
  if (typeof registered !== 'string' || registered.length > MAX_URL_LENGTH || !URL.canParse(registered)) return undefined;
  const { protocol, hostname, username, password, hash, href } = new URL(registered);
  if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.test(hostname))) return undefined;
  return username === '' && password === '' && hash === '' ? href : undefined;
}

/** @returns the address of a random eligible connector; undefined if none has one */
export async function chooseEndpoint(
  parts: { store: Pick<Store, 'certificates' | 'instances'>; online: OnlineConnectors },
  connection: Connection,
): Promise<string | undefined> {
  const eligible = parts.online
    .of(connection.id)
    .filter((connector) => !['connector_offline', 'directory_unavailable'].includes(connector.eligibility()))
    .map(({ instance }) => instance);
  if (eligible.length === 0) return undefined;
  const [instances, certificates] = await Promise.all([parts.store.instances(connection.id), parts.store.certificates(connection.id)]);
  const keys = new Set(instances.filter(({ id }) => eligible.includes(id)).map(({ thumbprint }) => thumbprint));
  // Connectors behind one load balancer register the same address.
  const endpoints = certificates
    .filter(({ thumbprint, state }) => keys.has(thumbprint) && state === 'approved')
    .flatMap(({ signInEndpoint }) => (signInEndpoint === undefined ? [] : [signInEndpoint]));
  return endpoints[Math.floor(Math.random() * endpoints.length)];
}
