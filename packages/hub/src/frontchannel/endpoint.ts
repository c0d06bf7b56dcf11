/** Where browsers are sent: the address that a connector of ours told when it registered, if that connector is there. */
import type { OnlineConnectors } from '../connectors/online.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

const MAX_URL_LENGTH = 2048;
/** By the URL standard IPv4 addresses are in their one spelling. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Every connector tells one, most of them the default of a server that does not run: a bad one is no reason to refuse it.
 * @returns the address; undefined where no browser may be sent there: in clear text anybody on the way could take the answer
 */
export function signInEndpointOf(told: string | null | undefined): string | undefined {
  if (typeof told !== 'string' || told.length > MAX_URL_LENGTH || !URL.canParse(told)) return undefined;
  const { protocol, hostname, username, password, hash, href } = new URL(told);
  if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.test(hostname))) return undefined;
  return username === '' && password === '' && hash === '' ? href : undefined;
}

/** @returns the address of a connector that is well, any of them; undefined where there is none */
export async function chooseEndpoint(
  parts: { store: Pick<Store, 'certificates' | 'instances'>; online: OnlineConnectors },
  connection: Connection,
): Promise<string | undefined> {
  const well = parts.online
    .of(connection.id)
    .filter((connector) => !['connector_offline', 'directory_unavailable'].includes(connector.eligibility()))
    .map(({ instance }) => instance);
  if (well.length === 0) return undefined;
  const [instances, certificates] = await Promise.all([parts.store.instances(connection.id), parts.store.certificates(connection.id)]);
  const keys = new Set(instances.filter(({ id }) => well.includes(id)).map(({ thumbprint }) => thumbprint));
  // Connectors behind one load balancer tell the same address.
  const endpoints = certificates
    .filter(({ thumbprint, state }) => keys.has(thumbprint) && state === 'approved')
    .flatMap(({ signInEndpoint }) => (signInEndpoint === undefined ? [] : [signInEndpoint]));
  return endpoints[Math.floor(Math.random() * endpoints.length)];
}
