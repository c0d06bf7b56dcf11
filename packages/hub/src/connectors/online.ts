/** Which connectors are there: by connection, and alive. */
import type { Log } from '@landbridge/runtime';
import type { Connector } from './connector.ts';

/** Pings in a row that a connector may leave unanswered. */
const MISSED_PINGS = 3;

export interface OnlineConnectors {
  /** From now on it is asked; it is forgotten when its socket ends. `heard` is to be called for whatever comes from it. */
  add(connector: Connector): { heard: () => void; gone: () => void };
  /** The connectors of a connection, also the draining ones. */
  of(connectionId: string): readonly Connector[];
  /** Those of all connections. */
  all(): Connector[];
  /** Called at each heartbeat; a rejection is logged. */
  onBeat(listener: () => Promise<void>): void;
  /** Ends all sockets as a server does that goes away (1001). */
  closeAll(): void;
  /** Stops the heartbeat. */
  stop(): void;
}

/** Pings are spread over the interval in so many turns, so that thousands are not pinged, and do not answer, in one moment. */
const MAX_TURNS = 20;
const MIN_TURN_MS = 50;

/** Pings everybody each `heartbeatIntervalMs`, and drops the silent ones. */
export function createOnlineConnectors(log: Log, heartbeatIntervalMs: number): OnlineConnectors {
  const turns = Math.max(1, Math.min(MAX_TURNS, Math.floor(heartbeatIntervalMs / MIN_TURN_MS)));
  /** Pings that a connector has not answered, and the turn in which it is pinged. */
  const unanswered = new Map<Connector, { pings: number; turn: number }>();
  const byConnection = new Map<string, Connector[]>();
  const listeners: (() => Promise<void>)[] = [];
  let turn = 0;
  let added = 0;

  async function beat(): Promise<void> {
    turn = (turn + 1) % turns;
    for (const [connector, state] of unanswered) {
      if (state.turn !== turn) continue;
      if (state.pings >= MISSED_PINGS) {
        log.warn(
          { connection: connector.connection.name, instance: connector.instance },
          `Connector answered no ping for ${state.pings} rounds: dropped`,
        );
        connector.drop();
        continue;
      }
      state.pings++;
      connector.ping();
    }
    if (turn === 0) for (const listener of listeners) await listener();
  }
  const timer = setInterval(() => {
    beat().catch((error: unknown) => log.error({ err: error }, 'The heartbeat failed'));
  }, heartbeatIntervalMs / turns);

  return {
    add(connector) {
      const { id } = connector.connection;
      const state = { pings: 0, turn: added++ % turns };
      unanswered.set(connector, state);
      const together = byConnection.get(id) ?? [];
      byConnection.set(id, together);
      together.push(connector);
      return {
        heard() {
          state.pings = 0;
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
    all: () => [...unanswered.keys()],
    onBeat(listener) {
      listeners.push(listener);
    },
    closeAll() {
      for (const connector of unanswered.keys()) connector.close(1001, 'the hub stops');
    },
    stop() {
      clearInterval(timer);
    },
  };
}
