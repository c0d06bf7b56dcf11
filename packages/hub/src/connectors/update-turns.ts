/** Lets the instances of a connection update themselves one after the other, so that the others sign users in meanwhile. */
import type { Log } from '@landbridge/runtime';
import type { Store } from '../store/store.ts';
import type { Connector } from './connector.ts';
import type { OnlineConnectors } from './online.ts';

export interface UpdateTurns {
  /** Answers the connector's `update_turn`. Never rejects. */
  ask(connector: Connector): Promise<void>;
  /** Ends its turn if it has come back with another version. */
  cameOnline(connector: Pick<Connector, 'instance' | 'connection' | 'agentVersion'>): void;
}

/** An update that rolls back takes up to three minutes. A connector that has not come back with another version by then ends its turn. */
const TURN_MS = 10 * 60_000;
/** Instances that were seen within this time are expected to be online. */
const EXPECTED_MS = 24 * 60 * 60_000;

export function createUpdateTurns(parts: {
  store: Pick<Store, 'instances'>;
  online: Pick<OnlineConnectors, 'of'>;
  log: Log;
  now?: () => number;
}): UpdateTurns {
  const { store, online, log, now = Date.now } = parts;
  /** By connection. */
  const turns = new Map<string, { instance: string; version: string | undefined; untilMs: number }>();

  async function mayUpdate({ instance, connection, agentVersion }: Connector): Promise<boolean> {
    const isTaken = () => {
      const turn = turns.get(connection.id);
      return turn !== undefined && turn.instance !== instance && turn.untilMs > now();
    };
    if (isTaken()) return false;
    const others = (await store.instances(connection.id)).filter(
      ({ id, revoked, lastSeenAt }) => id !== instance && !revoked && now() - lastSeenAt.getTime() < EXPECTED_MS,
    );
    const isServed = online.of(connection.id).some((other) => other.instance !== instance && other.eligibility() === 'eligible');
    // The other ones are down, perhaps for good: this one keeps signing users in.
    if (others.length > 0 && !isServed) return false;
    // Another one may have been faster meanwhile.
    if (isTaken()) return false;
    turns.set(connection.id, { instance, version: agentVersion, untilMs: now() + TURN_MS });
    return true;
  }

  return {
    async ask(connector) {
      try {
        const granted = await mayUpdate(connector);
        if (granted) log.info({ connection: connector.connection.name, instance: connector.instance }, 'Connector updates itself');
        connector.tell('update_turn', { granted });
      } catch (error) {
        log.warn({ err: error, instance: connector.instance }, 'Could not decide whether a connector may update itself');
      }
    },
    cameOnline({ instance, connection, agentVersion }) {
      const turn = turns.get(connection.id);
      if (turn?.instance === instance && turn.version !== agentVersion) turns.delete(connection.id);
    },
  };
}
