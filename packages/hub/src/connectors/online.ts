/** Which connectors are there: by connection, and alive. */
import type { Log } from '@landbridge/runtime';
import type { Store } from '../store/store.ts';
import type { Connector } from './connector.ts';

/** Pings in a row that a connector may leave unanswered. */
const MISSED_PINGS = 3;

export interface OnlineConnectors {
  /** From now on it is asked; it is forgotten when its socket ends. `heard` is to be called for whatever comes from it. */
  add(connector: Connector): { heard: () => void; gone: () => void };
  /** The connectors of a connection, also the draining ones. */
  of(connectionId: string): readonly Connector[];
  /** Ends all sockets as a server does that goes away (1001). */
  closeAll(): void;
  /** Stops the heartbeat. */
  stop(): void;
}

/** Pings everybody each `heartbeatIntervalMs`, drops the silent ones, and those whose connection was deleted. */
export function createOnlineConnectors(store: Store, log: Log, heartbeatIntervalMs: number): OnlineConnectors {
  const unanswered = new Map<Connector, number>();
  const byConnection = new Map<string, Connector[]>();

  async function beat(): Promise<void> {
    for (const [connector, pings] of unanswered) {
      if (pings >= MISSED_PINGS) {
        log.warn(
          { connection: connector.connection.name, instance: connector.instance },
          `Connector answered no ping for ${pings} rounds: dropped`,
        );
        connector.drop();
        continue;
      }
      unanswered.set(connector, pings + 1);
      connector.ping();
    }
    const existing = new Set((await store.connections()).map((connection) => connection.id));
    for (const connector of unanswered.keys()) {
      if (!existing.has(connector.connection.id)) connector.close(1008, 'the connection was deleted');
    }
  }
  const timer = setInterval(() => {
    beat().catch((error: unknown) => log.error({ err: error }, 'The heartbeat failed'));
  }, heartbeatIntervalMs);

  return {
    add(connector) {
      const { id } = connector.connection;
      unanswered.set(connector, 0);
      byConnection.set(id, [...(byConnection.get(id) ?? []), connector]);
      return {
        heard() {
          if (unanswered.has(connector)) unanswered.set(connector, 0);
        },
        gone() {
          unanswered.delete(connector);
          const others = (byConnection.get(id) ?? []).filter((other) => other !== connector);
          if (others.length > 0) byConnection.set(id, others);
          else byConnection.delete(id);
        },
      };
    },
    of: (connectionId) => byConnection.get(connectionId) ?? [],
    closeAll() {
      for (const connector of unanswered.keys()) connector.close(1001, 'the hub stops');
    },
    stop() {
      clearInterval(timer);
    },
  };
}
