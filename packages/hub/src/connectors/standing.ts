/** What operators decided about connectors, applied to the sockets that are open: at each heartbeat, and at once when it is asked for. */
import type { Log } from '@landbridge/runtime';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { Store } from '../store/store.ts';
import type { Connector } from './connector.ts';
import type { OnlineConnectors } from './online.ts';
import type { Statistics } from './statistics.ts';

/** How exact the time at which an instance was last seen is after the hub ended without a word. */
const TOUCH_INTERVAL_MS = 60_000;
/** This long before a key goes, connectors that know no other are asked to come again; those of one connection one after the other. */
const REGISTER_AGAIN_AHEAD_MS = 30 * 60_000;

/** @returns a function that reads the store and closes, drains or releases sockets accordingly. @throws CodedError STORE_FAILED */
export function createStanding(parts: {
  store: Store;
  online: OnlineConnectors;
  keys: SigningKeys;
  statistics: Statistics;
  log: Log;
  now?: () => number;
}): () => Promise<void> {
  const { store, online, keys, statistics, log, now = Date.now } = parts;
  let touchedAtMs = now();

  /** Whether the connector has to register again before it can be asked, or is asked to while it still can. */
  function keyOf({ signingKid, connectedAt }: Connector): 'good' | 'ending' | 'gone' {
    if (signingKid === undefined) return 'good';
    const { gone, retiresAt } = keys.lifeOf(signingKid);
    if (gone) return 'gone';
    const endingFromMs = (retiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - REGISTER_AGAIN_AHEAD_MS;
    // Asked once only: one that comes back with the old key will not do better the next time.
    return now() >= endingFromMs && connectedAt.getTime() < endingFromMs ? 'ending' : 'good';
  }

  return async () => {
    await keys.reload();
    // Taken before the store is read: whoever is in it has been written there.
    const connectors = online.all();
    const exceptions = await store.exceptionalInstances([
      ...new Set([...connectors.map(({ instance }) => instance), ...statistics.instances()]),
    ]);
    for (const [instance, exception] of exceptions) if (exception === 'gone') statistics.forget(instance);
    const replacing = new Set<string>();
    for (const connector of connectors) {
      const { instance, connection } = connector;
      const exception = exceptions.get(instance);
      if (exception === 'gone') {
        connector.close(1008, 'the connection was deleted, or the instance forgotten');
        continue;
      }
      if (exception === 'refused') {
        log.warn({ connection: connection.name, instance }, 'Connector is revoked: dropped');
        // Not politely: what it would still answer must not count.
        connector.drop();
        continue;
      }
      const key = keyOf(connector);
      const mustGo = key === 'gone' || (key === 'ending' && !replacing.has(connection.id));
      connector.drain(exception === 'drained' || mustGo);
      if (!mustGo) continue;
      replacing.add(connection.id);
      if (connector.inFlight === 0) connector.close(1012, 'register again: the signing key is replaced');
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
