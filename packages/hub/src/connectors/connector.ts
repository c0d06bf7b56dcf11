/** One connector: an authenticated socket, what it was asked and has not answered yet, and how that ends. */
import { answerName, type Capability, decodeFrame, encodeFrame, type Health, healthPayload, type RequestName } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import { type RawData, WebSocket } from 'ws';
import type { Connection } from '../store/connections.ts';
import type { SigningAlgorithm } from '../store/signing-keys.ts';
import type { Sealing } from './sealing.ts';
import { type Presence, watchSilence } from './silence.ts';

/**
 * What became of one question. `lost`: the socket ended, or nothing came from it any more, and whether the connector acted on it is
 * unknown: that a frame was written says nothing about who read it.
 */
export type Reply = { kind: 'answered'; payload: unknown } | { kind: 'timeout' } | { kind: 'lost' };

export interface Connector {
  /** Names the connector in logs and lists, over reconnections; where it cannot be told apart from others, those have the same. */
  readonly instance: string;
  readonly connection: Connection;
  readonly remoteAddress: string;
  readonly agentVersion: string | undefined;
  readonly connectedAt: Date;
  readonly algorithm: SigningAlgorithm;
  /** The key that it verifies requests with, where it knows one only: it reads no JWKS document. */
  readonly signingKid: string | undefined;
  readonly capabilities: readonly Capability[];
  /** Where its token brought keys for it: every request is sealed, and no answer counts that is not signed. */
  readonly sealing: Sealing | undefined;
  /** Whether its directory answers, as it says itself; undefined where it does not say. */
  readonly directory: Health['directory'] | undefined;
  readonly presence: Presence;
  /** It does not read what it is sent: the network has no room for more. */
  readonly congested: boolean;
  /** It gets nothing new: it said that it stops, or the hub wants it so (`drain`). */
  readonly draining: boolean;
  /** How many questions wait for its answer. */
  readonly inFlight: number;
  /** When it last let a question run into its deadline without having answered any since, in epoch milliseconds. */
  readonly silentSinceMs: number | undefined;
  /** Still open, as far as is known. */
  readonly open: boolean;
  /** Never rejects; settles after `timeoutMs` at the latest. `pid` must be new. */
  ask(name: RequestName, pid: string, jwt: string, timeoutMs: number): Promise<Reply>;
  /** From now on it gets nothing new, or does again. */
  drain(wanted: boolean): void;
  /** To be called for whatever comes from it. */
  heard(): void;
  ping(): void;
  /** Ends the socket politely (a close frame), and by force when the other side does not react within `graceMs`. */
  close(code: number, reason: string, graceMs?: number): void;
  /** Ends the socket at once. */
  drop(): void;
}

/** A connector that sends this many frames that make no sense is not one. */
const MAX_SENSELESS_FRAMES = 20;
const CLOSE_GRACE_MS = 2000;
/** The kernel takes some megabytes before anything stays with us. */
const MAX_UNSENT_BYTES = 256 * 1024;

export function createConnector(
  socket: WebSocket,
  facts: Pick<
    Connector,
    'instance' | 'connection' | 'remoteAddress' | 'agentVersion' | 'algorithm' | 'signingKid' | 'capabilities' | 'sealing'
  >,
  log: Log,
  onReply: (reply: Reply, ms: number) => void = () => {},
): Connector {
  const waiting = new Map<string, (reply: Reply) => void>();
  let draining = false;
  let drained = false;
  let silentSinceMs: number | undefined;
  let senselessFrames = 0;
  let directory: Health['directory'] | undefined;
  const silence = watchSilence({ ping, onSilent: giveUp });

  function ping(): void {
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }
  /** The socket stays: the heartbeat ends it if nothing comes for longer. */
  function giveUp(): void {
    log.warn({ inFlight: waiting.size }, 'Connector is silent: what it was asked is given up');
    for (const settle of waiting.values()) settle({ kind: 'lost' });
  }

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
      const answer = facts.sealing === undefined ? { payload: frame.p } : facts.sealing.open(frame.n, frame.p);
      // The question goes on waiting: the answer of the connector itself may still come.
      if (answer === undefined) return log.warn({ frame: frame.n }, 'Ignored an answer that the connector has not signed');
      silentSinceMs = undefined;
      settle({ kind: 'answered', payload: answer.payload });
    } else if (frame.n === 'health' && facts.capabilities.includes('health')) {
      const told = healthPayload.safeParse(frame.p).data?.directory;
      if (told === undefined || told === directory) return;
      directory = told;
      if (told === 'down') log.warn('Connector says that its directory does not answer');
      else log.info('Connector says that its directory answers');
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
      return draining || drained;
    },
    get inFlight() {
      return waiting.size;
    },
    get directory() {
      return directory;
    },
    get presence() {
      return silence.presence;
    },
    get congested() {
      return socket.bufferedAmount > MAX_UNSENT_BYTES;
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
        const askedAt = performance.now();
        const settle = (reply: Reply) => {
          if (!waiting.delete(answer)) return;
          clearTimeout(deadline);
          if (waiting.size === 0) silence.end();
          onReply(reply, performance.now() - askedAt);
          resolve(reply);
        };
        const deadline = setTimeout(() => {
          silentSinceMs = Date.now();
          settle({ kind: 'timeout' });
        }, timeoutMs);
        waiting.set(answer, settle);
        silence.begin();
        socket.send(encodeFrame(name, { jwt }), (error) => {
          if (error) settle({ kind: 'lost' });
        });
      });
    },
    drain(wanted) {
      drained = wanted;
    },
    heard: silence.heard,
    ping,
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
