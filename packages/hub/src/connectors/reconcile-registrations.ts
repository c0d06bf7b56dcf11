/** Applies the registrations in the store, as operators have changed them, to the open sockets: at each heartbeat, and on request. */
import type { Log } from '@landbridge/runtime';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { Store } from '../store/store.ts';
import type { Connector } from './connector.ts';
import type { OnlineConnectors } from './online.ts';
import type { Statistics } from './statistics.ts';

/** Precision of the time an instance was last seen, after a crash of the hub. */
const TOUCH_INTERVAL_MS = 60_000;
/** This long before a key is removed, connectors that know no other must register again; those of one connection one after the other. */
const REGISTER_AGAIN_AHEAD_MS = 30 * 60_000;

/** @returns a function that reads the store and closes, drains or releases sockets accordingly. @throws CodedError STORE_FAILED */
export function createReconcileRegistrations(parts: {
  store: Store;
  online: OnlineConnectors;
  keys: SigningKeys;
  statistics: Statistics;
  log: Log;
  now?: () => number;
}): () => Promise<void> {
  const { store, online, keys, statistics, log, now = Date.now } = parts;
  let touchedAtMs = now();

  /** `expired`: it must register again before it can get requests. `expiring`: it should while it still can. */
  function keyOf({ signing, connectedAt }: Connector): 'valid' | 'expiring' | 'expired' {
    if (signing?.kid === undefined) return 'valid';
    const { removed, retiresAt } = keys.lifeOf(signing.kid);
    if (removed) return 'expired';
    const expiringFromMs = (retiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - REGISTER_AGAIN_AHEAD_MS;
    // Only once, because a connector that returned with the old key would do so every time.
    return now() >= expiringFromMs && connectedAt.getTime() < expiringFromMs ? 'expiring' : 'valid';
  }

  return async () => {
    await keys.reload();
    // Listed before the store is read, so that all of them have been stored.
    const connectors = online.all();
    const exceptions = await store.exceptionalInstances([
      ...new Set([...connectors.map(({ instance }) => instance), ...statistics.instances()]),
    ]);
    for (const [instance, exception] of exceptions) if (exception === 'not_found') statistics.forget(instance);
    const replacing = new Set<string>();
    for (const connector of connectors) {
      const { instance, connection } = connector;
      const exception = exceptions.get(instance);
      if (exception === 'not_found') {
        connector.close(1008, 'the connection or the instance was deleted');
        continue;
      }
      if (exception === 'refused') {
        log.warn({ connection: connection.name, instance }, 'Connector dropped: revoked');
        // Immediately, so that no further answer from it counts.
        connector.drop();
        continue;
      }
      const key = keyOf(connector);
      const mustGo = key === 'expired' || (key === 'expiring' && !replacing.has(connection.id));
      connector.drain(exception === 'drained' || mustGo);
      if (!mustGo) continue;
      replacing.add(connection.id);
      if (connector.inFlight === 0) connector.close(1012, 'signing key replaced: register again');
    }
    if (now() - touchedAtMs >= TOUCH_INTERVAL_MS && connectors.length > 0) {
      touchedAtMs = now();
      await store.touchInstances(
        connectors.map(({ instance }) => instance),
        new Date(touchedAtMs),
      );
    }
  };
}
