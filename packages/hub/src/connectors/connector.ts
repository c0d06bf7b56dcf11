/** One connector: an authenticated socket, what it was asked and has not answered yet, and how that ends. */
import { answerName, type Capability, decodeFrame, encodeFrame, type RequestName } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import { type RawData, WebSocket } from 'ws';
import type { Connection } from '../store/connections.ts';
import type { SigningAlgorithm } from '../store/signing-keys.ts';

/** What became of one question. `lost`: the socket ended first, and whether the connector acted on it is unknown. */
export type Reply = { kind: 'answered'; payload: unknown } | { kind: 'timeout' } | { kind: 'lost' };

export interface Connector {
  /** Random, new for each socket: names this connector in logs and lists. */
  readonly instance: string;
  readonly connection: Connection;
  readonly remoteAddress: string;
  readonly agentVersion: string | undefined;
  readonly connectedAt: Date;
  readonly algorithm: SigningAlgorithm;
  readonly capabilities: readonly Capability[];
  /** It said that it stops: it gets nothing new. */
  readonly draining: boolean;
  /** How many questions wait for its answer. */
  readonly inFlight: number;
  /** When it last let a question run into its deadline without having answered any since, in epoch milliseconds. */
  readonly silentSinceMs: number | undefined;
  /** Still open, as far as is known. */
  readonly open: boolean;
  /** Never rejects; settles after `timeoutMs` at the latest. `pid` must be new. */
  ask(name: RequestName, pid: string, jwt: string, timeoutMs: number): Promise<Reply>;
  ping(): void;
  /** Ends the socket politely (a close frame), and by force when the other side does not react within `graceMs`. */
  close(code: number, reason: string, graceMs?: number): void;
  /** Ends the socket at once. */
  drop(): void;
}

/** A connector that sends this many frames that make no sense is not one. */
const MAX_SENSELESS_FRAMES = 20;
const CLOSE_GRACE_MS = 2000;

export function createConnector(
  socket: WebSocket,
  facts: Pick<Connector, 'instance' | 'connection' | 'remoteAddress' | 'agentVersion' | 'algorithm' | 'capabilities'>,
  log: Log,
): Connector {
  const waiting = new Map<string, (reply: Reply) => void>();
  let draining = false;
  let silentSinceMs: number | undefined;
  let senselessFrames = 0;

  socket.on('message', (data, isBinary) => {
    const frame = isBinary ? undefined : decodeFrame(textOf(data));
    if (frame === undefined) {
      senselessFrames++;
      log.warn('Ignored a frame that is not {n, p}');
      if (senselessFrames === MAX_SENSELESS_FRAMES) close(1008, 'too many frames that are none');
      return;
    }
    const settle = waiting.get(frame.n);
    if (settle !== undefined) {
      silentSinceMs = undefined;
      settle({ kind: 'answered', payload: frame.p });
    } else if (frame.n === 'draining' && facts.capabilities.includes('drain')) {
      draining = true;
      log.info({ inFlight: waiting.size }, 'Connector is stopping: it is sent nothing new');
    } else {
      // An answer after its deadline, a second answer, or an answer to another's question.
      log.debug({ frame: frame.n.slice(0, 100) }, 'Ignored a frame that nobody waits for');
    }
  });
  socket.on('close', () => {
    for (const settle of waiting.values()) settle({ kind: 'lost' });
  });

  function close(code: number, reason: string, graceMs = CLOSE_GRACE_MS): void {
    socket.close(code, reason);
    const force = setTimeout(() => socket.terminate(), graceMs);
    socket.once('close', () => clearTimeout(force));
  }

  return {
    ...facts,
    connectedAt: new Date(),
    get draining() {
      return draining;
    },
    get inFlight() {
      return waiting.size;
    },
    get silentSinceMs() {
      return silentSinceMs;
    },
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
    ask(name, pid, jwt, timeoutMs) {
      return new Promise((resolve) => {
        const answer = answerName(name, pid);
        const settle = (reply: Reply) => {
          if (!waiting.delete(answer)) return;
          clearTimeout(deadline);
          resolve(reply);
        };
        const deadline = setTimeout(() => {
          silentSinceMs = Date.now();
          settle({ kind: 'timeout' });
        }, timeoutMs);
        waiting.set(answer, settle);
        socket.send(encodeFrame(name, { jwt }), (error) => {
          if (error) settle({ kind: 'lost' });
        });
      });
    },
    ping() {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    },
    close,
    drop() {
      socket.terminate();
    },
  };
}

/** @returns the frame's text; ws has already checked that it is UTF-8 */
export function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
}
