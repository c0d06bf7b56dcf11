/** One connector: an authenticated socket, the requests it has not answered yet, and how those end. */
import {
  answerName,
  type Capability,
  decodeFrame,
  encodeFrame,
  type Failure,
  type Health,
  healthPayload,
  parseAnswer,
  type RequestName,
  type RequestOutcome,
  type SocketSession,
  type Step,
} from '@landbridge/protocol';
import { createFrameProgress, type Log } from '@landbridge/runtime';
import { type RawData, WebSocket } from 'ws';
import type { Connection } from '../store/connections.ts';
import { createFrameBudget, frameNameIn, MAX_ANSWER_LENGTH, SMALL_FRAME_LENGTH } from './frame-budget.ts';
import { watchLiveness } from './liveness.ts';

/** Why no connector can be asked. */
export type NoEligibleConnector = 'connector_offline' | 'connector_outdated' | 'connector_busy' | 'directory_unavailable';
/** `doubtful`: to be asked only if no other connector is eligible. */
export type Eligibility = 'eligible' | 'doubtful' | NoEligibleConnector;

export interface Connector {
  /** Names the connector in logs and lists, across reconnections. Connectors that cannot be told apart share one name. */
  readonly instance: string;
  readonly connection: Connection;
  readonly remoteAddress: string;
  readonly agentVersion: string | undefined;
  readonly connectedAt: Date;
  /** How far its clock was ahead of the hub's when it connected; negative: behind. */
  readonly clockSkewMs?: number | undefined;
  /**
   * How its requests are signed; undefined if a session protects them. `kid`: the only key with which it can verify them, if it does not read the JWKS
   * document.
   */
  readonly signing: { kid: string | undefined } | undefined;
  readonly capabilities: readonly Capability[];
  /** It gets no new requests: it is stopping, or the hub drains it (`drain`). */
  readonly draining: boolean;
  /** Requests it has not answered yet. */
  readonly inFlight: number;
  /** The socket is open. */
  readonly open: boolean;
  /** Whether it can be asked now. @param needs what it must understand */
  eligibility(needs?: Capability): Eligibility;
  /**
   * Never rejects; settles after `timeoutMs` at the latest. `pid` must be new. The failure `connector_lost` says that the socket ended or
   * went silent, and that it is unknown whether the connector acted on the request.
   */
  ask<N extends RequestName>(name: N, pid: string, payload: object, timeoutMs: number): Promise<ConnectorAnswer<N>>;
  /** Sends a frame that has no answer. Only within a session: Auth0 connectors would not know it, and a proxy could forge it. */
  tell(name: string, payload: object): void;
  /** Switches draining by the hub on or off. */
  drain(on: boolean): void;
  /** To be called for all data that comes from it. Unsolicited data has a limit, beyond which the socket ends. */
  received(bytes: number): void;
  ping(): void;
  /** Called for each answered ping. */
  heard(): void;
  /** Whether a long frame is arriving, which delays the pong. */
  isMidFrame(): boolean;
  /** Sends a close frame, and ends the socket by force if the other side does not react within `graceMs`. */
  close(code: number, reason: string, graceMs?: number): void;
  /** Ends the socket at once. */
  drop(): void;
}

export interface ConnectorAnswer<N extends RequestName> {
  outcome: RequestOutcome<N>;
  /** The connector's own. */
  steps: readonly Step[];
}

const MAX_MALFORMED_FRAMES = 20;
/** A late answer to a request that timed out is not charged if it arrives within this time. */
const LATE_MS = 5 * 60_000;
const CLOSE_GRACE_MS = 2000;
/** The kernel buffers some megabytes first: beyond this, the connector does not read, or the network is congested. */
const MAX_UNSENT_BYTES = 256 * 1024;
/** A connector that let a request time out is doubtful for this long, unless it answers another. */
const TIMEOUT_PENALTY_MS = 30_000;

export function createConnector(
  socket: WebSocket,
  facts: Pick<Connector, 'instance' | 'connection' | 'remoteAddress' | 'agentVersion' | 'clockSkewMs' | 'signing' | 'capabilities'>,
  {
    session,
    log,
    maxInFlight,
    onProven,
    onAnswered,
  }: {
    session?: SocketSession | undefined;
    log: Log;
    maxInFlight: number;
    /** Called when the first frame proves that the connector has the session keys. */
    onProven?: () => void;
    /** Called for every request that has ended. */
    onAnswered: (failure: Failure | undefined, ms: number) => void;
  },
): Connector {
  /** By the name of the answer's frame. */
  const waiting = new Map<string, { settle: (ended: Ended) => void; maxLength: number }>();
  /** Frames of requests that timed out, and until when they may come. */
  const late = new Map<string, number>();
  const budget = createFrameBudget();
  const knows = (capability: Capability) => facts.capabilities.includes(capability);
  let isStopping = false;
  let isDrained = false;
  let lastTimeoutMs: number | undefined;
  let malformedFrames = 0;
  let directory: Health['directory'] | undefined;
  let isProven = false;
  let isBroken = false;
  let received = 0;
  const progress = createFrameProgress(() => received);
  const liveness = watchLiveness({ ping, isMidFrame: progress.isMidFrame, onSilent: giveUp });

  function ping(): void {
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }
  /** The socket stays open: the heartbeat ends it if the silence lasts. */
  function giveUp(): void {
    log.warn({ inFlight: waiting.size }, 'Connector is silent; its requests in flight are abandoned');
    for (const { settle } of waiting.values()) settle('connector_lost');
  }
  /** Unsolicited. */
  function charge(bytes: number): void {
    if (budget.spend(bytes) || socket.readyState !== WebSocket.OPEN) return;
    log.warn({ inFlight: waiting.size }, 'Connector disconnected: too much unsolicited data');
    socket.terminate();
  }
  function isLate(frameName: string): boolean {
    for (const [name, untilMs] of late) if (untilMs < performance.now()) late.delete(name);
    return late.delete(frameName);
  }

  function breakSession(problem: string): void {
    isBroken = true;
    log.warn({ inFlight: waiting.size }, `Connector disconnected: ${problem}`);
    socket.terminate();
  }
  /** @returns undefined unless the frame is the next one of the session */
  function textOf(data: RawData, isBinary: boolean): string | undefined {
    if (session === undefined) return isBinary ? '' : frameText(data);
    if (isBroken) return undefined;
    const text = isBinary && Buffer.isBuffer(data) ? session.open(data) : undefined;
    if (text === undefined) breakSession('a frame was modified, replayed or lost in transit, or did not come from the connector');
    else if (!isProven) {
      isProven = true;
      onProven?.();
    }
    return text;
  }

  /** @returns false if a large frame is not worth parsing */
  function isWorthReading(text: string): boolean {
    if (text.length <= SMALL_FRAME_LENGTH) return true;
    const name = frameNameIn(text) ?? '';
    const awaited = waiting.get(name);
    if (awaited === undefined) {
      if (!isLate(name)) charge(text.length);
      return false;
    }
    if (text.length <= awaited.maxLength) return true;
    log.warn({ length: text.length, most: awaited.maxLength }, 'Answer ignored: it is too large');
    awaited.settle({ payload: undefined });
    return false;
  }

  for (const event of ['ping', 'pong', 'message']) socket.on(event, progress.frame);
  socket.on('message', (data, isBinary) => {
    const text = textOf(data, isBinary);
    if (text === undefined || !isWorthReading(text)) return;
    const frame = decodeFrame(text);
    if (frame === undefined) {
      malformedFrames++;
      charge(text.length);
      log.warn('Malformed frame ignored');
      if (malformedFrames === MAX_MALFORMED_FRAMES) close(1008, 'too many malformed frames');
      return;
    }
    const awaited = waiting.get(frame.n);
    if (awaited !== undefined) {
      lastTimeoutMs = undefined;
      awaited.settle({ payload: frame.p });
    } else if (frame.n === 'health' && knows('health')) {
      const reported = healthPayload.safeParse(frame.p).data?.directory;
      if (reported === undefined || reported === directory) return;
      directory = reported;
      if (reported === 'down') log.warn('Connector reports that its directory does not answer; it gets no requests');
      else log.info('Connector reports that its directory answers');
    } else if (frame.n === 'draining' && knows('drain')) {
      isStopping = true;
      log.info({ inFlight: waiting.size }, 'Connector is stopping; it gets no new requests');
    } else {
      // Late, repeated, or the answer to another connector's request.
      if (!isLate(frame.n)) charge(text.length);
      log.debug({ frame: frame.n.slice(0, 100) }, 'Unexpected frame ignored');
    }
  });
  socket.on('close', () => {
    for (const { settle } of waiting.values()) settle('connector_lost');
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
      return isStopping || isDrained;
    },
    get inFlight() {
      return waiting.size;
    },
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
    eligibility(needs) {
      const { state } = liveness;
      if (socket.readyState !== WebSocket.OPEN || isStopping || isDrained || state === 'silent') return 'connector_offline';
      if (needs !== undefined && !knows(needs)) return 'connector_outdated';
      // Auth0 connectors never report their directory's health.
      if (directory === 'down') return 'directory_unavailable';
      if (waiting.size >= maxInFlight || socket.bufferedAmount > MAX_UNSENT_BYTES) return 'connector_busy';
      return state === 'doubtful' || Date.now() - (lastTimeoutMs ?? 0) < TIMEOUT_PENALTY_MS ? 'doubtful' : 'eligible';
    },
    ask(name, pid, payload, timeoutMs) {
      return new Promise((resolve) => {
        const frameName = answerName(name, pid);
        const askedAt = performance.now();
        const settle = (ended: Ended) => {
          if (!waiting.delete(frameName)) return;
          clearTimeout(deadline);
          if (waiting.size === 0) liveness.end();
          const answer =
            typeof ended === 'string' ? { outcome: { failure: { code: ended } }, steps: [] } : parseAnswer(name, ended.payload, knows);
          onAnswered('failure' in answer.outcome ? answer.outcome.failure : undefined, performance.now() - askedAt);
          resolve(answer);
        };
        const deadline = setTimeout(() => {
          lastTimeoutMs = Date.now();
          late.set(frameName, performance.now() + LATE_MS);
          settle('connector_timeout');
        }, timeoutMs);
        waiting.set(frameName, { settle, maxLength: MAX_ANSWER_LENGTH[name] });
        liveness.begin();
        const frame = encodeFrame(name, payload);
        const sealed = session === undefined ? frame : session.seal(frame);
        if (sealed === undefined) return breakSession('the session keys are used up');
        socket.send(sealed, (error) => {
          if (error) settle('connector_lost');
        });
      });
    },
    tell(name, payload) {
      if (session === undefined || socket.readyState !== WebSocket.OPEN) return;
      const sealed = session.seal(encodeFrame(name, payload));
      if (sealed === undefined) breakSession('the session keys are used up');
      else socket.send(sealed);
    },
    drain(on) {
      isDrained = on;
    },
    heard: liveness.heard,
    isMidFrame: progress.isMidFrame,
    received(bytes) {
      received += bytes;
      // While something is in flight, or late, frames are charged one by one.
      if (waiting.size === 0 && late.size === 0) charge(bytes);
    },
    ping,
    close,
    drop() {
      socket.terminate();
    },
  };
}

/** How a request ended on the socket. */
type Ended = { payload: unknown } | 'connector_lost' | 'connector_timeout';

/** @returns the frame's text; ws has already checked that it is UTF-8 */
export function frameText(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
}
