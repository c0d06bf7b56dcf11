/** The online connectors by connection, kept alive by a heartbeat. */
import type { Log } from '@landbridge/runtime';
import type { Connector } from './connector.ts';

/** Pings in a row that a connector may leave unanswered. */
const MISSED_PINGS = 3;

export interface OnlineConnectors {
  /** Makes the connector available for requests. Call `heard` for each answered ping, and `remove` when its socket closes. */
  add(connector: Connector): { heard: () => void; remove: () => void };
  /** The connectors of a connection, draining ones included. */
  of(connectionId: string): readonly Connector[];
  all(): Connector[];
  /** Runs at each heartbeat; a rejection is logged. */
  onBeat(listener: () => Promise<void>): void;
  /** Closes all sockets with 1001 (going away). */
  closeAll(): void;
  /** Stops the heartbeat. */
  stop(): void;
}

/** Pings are spread over the interval in up to this many batches, so that thousands do not answer at once. */
const MAX_BATCHES = 20;
const MIN_BATCH_MS = 50;

/** Pings every connector each `heartbeatIntervalMs`, and drops the ones that do not answer. */
export function createOnlineConnectors(log: Log, heartbeatIntervalMs: number): OnlineConnectors {
  const batches = Math.max(1, Math.min(MAX_BATCHES, Math.floor(heartbeatIntervalMs / MIN_BATCH_MS)));
  /** Unanswered pings and batch of each connector. */
  const unanswered = new Map<Connector, { pings: number; batch: number }>();
  const byConnection = new Map<string, Connector[]>();
  const listeners: (() => Promise<void>)[] = [];
  let batch = 0;
  let added = 0;

  async function beat(): Promise<void> {
    batch = (batch + 1) % batches;
    for (const [connector, state] of unanswered) {
      if (state.batch !== batch) continue;
      if (connector.isMidFrame()) state.pings = 0;
      if (state.pings >= MISSED_PINGS) {
        log.warn(
          { connection: connector.connection.name, instance: connector.instance },
          `Connector dropped: ${state.pings} pings unanswered`,
        );
        connector.drop();
        continue;
      }
      state.pings++;
      connector.ping();
    }
    if (batch === 0) for (const listener of listeners) await listener();
  }
  const timer = setInterval(() => {
    beat().catch((error: unknown) => log.error({ err: error }, 'Heartbeat failed'));
  }, heartbeatIntervalMs / batches);

  return {
    add(connector) {
      const { id } = connector.connection;
      const state = { pings: 0, batch: added++ % batches };
      unanswered.set(connector, state);
      const connectors = byConnection.get(id) ?? [];
      byConnection.set(id, connectors);
      connectors.push(connector);
      return {
        heard() {
          state.pings = 0;
        },
        remove() {
          unanswered.delete(connector);
          const others = (byConnection.get(id) ?? []).filter((other) => other !== connector);
          if (others.length > 0) byConnection.set(id, others);
          else byConnection.delete(id);
        },
      };
    },
    of: (connectionId) => byConnection.get(connectionId) ?? [],
    all: () => [...unanswered.keys()],
    onBeat(listener) {
      listeners.push(listener);
    },
    closeAll() {
      for (const connector of unanswered.keys()) connector.close(1001, 'hub is shutting down');
    },
    stop() {
      clearInterval(timer);
    },
  };
}
