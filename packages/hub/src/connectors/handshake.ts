/** From an HTTP upgrade to an authenticated connector: who may open a socket, the first frame, and the answer to it. */

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type AuthenticationFailureReason,
  answerSession,
  authenticatePayload,
  CLOCK_SKEW_TOLERANCE_MS,
  decodeFrame,
  encodeFrame,
  knownCapabilities,
  MAX_FRAME_BYTES,
} from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import { clientContextOf } from '@landbridge/web';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { HubIdentity } from '../keys/hub-identity.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { Store } from '../store/store.ts';
import { type AgentTokens, agentRefused } from './agent-token.ts';
import { createConnector, frameText } from './connector.ts';
import { admitInstance } from './instances.ts';
import type { OnlineConnectors } from './online.ts';
import type { Statistics } from './statistics.ts';
import { createUnauthenticatedSockets, type SocketLimits, type SocketPlace } from './unauthenticated-sockets.ts';

/** Auth0 connectors expect the hub's socket at this path. */
export const HUB_SOCKET_PATH = '/lo/hub';

/** From the upgrade to the `authenticate` frame. */
const AUTHENTICATE_TIMEOUT_MS = 10_000;
/** All data before authentication. A token with a 4096-bit signature is below 2 KB. */
const MAX_UNAUTHENTICATED_BYTES = 64 * 1024;
/** Refused connectors retry. Many connectors behind NAT may share an address and start at the same time. */
const UNAUTHENTICATED_SOCKETS = { total: 1000, reserved: 300, perAddress: 200 };
/** Addresses of connectors that were seen within this time are trusted. */
const TRUSTED_DAYS = 30;
/** How often the addresses of known connectors are read again. */
const TRUST_MS = 60_000;
/** How long the other side has to answer a close frame. */
const CLOSE_GRACE_MS = 2000;

/** Errors that reject a connector, and the reason sent to it. It gets a reason only after it has proven that it holds a registered key. */
const REFUSALS = new Map<string, AuthenticationFailureReason | undefined>([
  ['AGENT_REFUSED', undefined],
  ['AGENT_PENDING', 'approval_pending'],
  ['AGENT_REVOKED', 'revoked'],
  ['AGENT_KEY_RETIRED', 'register_again'],
  ['AGENT_CLOCK_WRONG', 'clock_skew'],
]);

export interface Handshake {
  /** Refuses new sockets from now on. */
  stop(): void;
  /** When a socket was last refused, or dropped in favour of one from another network (epoch milliseconds). */
  readonly shortageAt: number | undefined;
}

/** Handles the upgrades of `server`. */
export function acceptConnectors(
  server: Server,
  parts: {
    tokens: AgentTokens;
    store: Store;
    keys: SigningKeys;
    identity: HubIdentity;
    online: OnlineConnectors;
    statistics: Statistics;
    /** Requests per connector. */
    /** The newest version of the connector that this hub offers. */
    newestVersion: () => string | undefined;
    maxInFlight: number;
    log: Log;
    authenticateTimeoutMs?: number;
    unauthenticatedSockets?: SocketLimits;
  },
): Handshake {
  const { tokens, online, statistics, maxInFlight, log } = parts;
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES });
  const unauthenticated = createUnauthenticatedSockets(parts.unauthenticatedSockets ?? UNAUTHENTICATED_SOCKETS);
  let stopping = false;
  let trustedAtMs: number | undefined;
  let shortageLoggedAtMs: number | undefined;

  async function trustKnownAddresses(): Promise<void> {
    if (trustedAtMs !== undefined && performance.now() - trustedAtMs < TRUST_MS) return;
    trustedAtMs = performance.now();
    unauthenticated.trustOnly(await parts.store.acceptedAddresses(new Date(Date.now() - TRUSTED_DAYS * 86_400_000)));
  }
  trustKnownAddresses().catch((error: unknown) => log.error({ err: error }, 'Could not read the addresses of known connectors'));
  online.onBeat(trustKnownAddresses);

  function drop(remoteAddress: string, socket: Duplex): void {
    logShortage(remoteAddress);
    socket.destroy();
  }

  function logShortage(remoteAddress: string): void {
    if (stopping) return;
    if (shortageLoggedAtMs !== undefined && performance.now() - shortageLoggedAtMs < TRUST_MS) return;
    shortageLoggedAtMs = performance.now();
    log.warn({ remoteAddress }, 'Too many unauthenticated sockets: silent ones are dropped, the rest are refused');
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Without a listener, an error of a rejected socket would end the process.
    socket.on('error', () => socket.destroy());
    if (request.url?.split('?', 1)[0] !== HUB_SOCKET_PATH) return reject(socket, '404 Not Found');
    // Browsers send Origin with every WebSocket, connectors never do. This keeps web pages from opening a socket on behalf of a visitor.
    if (request.headers.origin !== undefined) return reject(socket, '403 Forbidden');
    const { address } = clientContextOf(request);
    const place = stopping ? undefined : unauthenticated.enter(address, () => drop(address, socket));
    if (place === undefined) {
      logShortage(address);
      return reject(socket, '503 Service Unavailable');
    }
    socket.on('close', place.leave);
    sockets.handleUpgrade(request, socket, head, (webSocket) => awaitAuthenticate(webSocket, socket, address, place));
  });

  function awaitAuthenticate(webSocket: WebSocket, stream: Duplex, remoteAddress: string, place: SocketPlace): void {
    const timeout = setTimeout(() => refuse('not authenticated in time'), parts.authenticateTimeoutMs ?? AUTHENTICATE_TIMEOUT_MS);
    let bytes = 0;
    let isAnswered = false;
    // ws has one limit per server. The stricter limit before authentication is enforced here, on the raw data.
    const count = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_UNAUTHENTICATED_BYTES) {
        log.warn({ remoteAddress }, 'Socket dropped: too much data before authentication');
        webSocket.terminate();
      }
    };
    const finish = () => {
      clearTimeout(timeout);
      stream.off('data', count);
    };
    const end = (code: number, reason: string) => {
      finish();
      place.checking(false);
      webSocket.close(code, reason);
      setTimeout(() => webSocket.terminate(), CLOSE_GRACE_MS).unref();
    };
    const refuse = (reason: string, sent?: AuthenticationFailureReason, action?: string) => {
      log.warn({ remoteAddress, reason, action }, 'Connector refused');
      if (!isAnswered) webSocket.send(encodeFrame('authentication_failure', { reason: sent }));
      end(1008, 'not authenticated');
    };
    stream.on('data', count);
    webSocket.on('close', finish);
    webSocket.on('error', (error) => log.warn({ remoteAddress, err: error }, 'Connector socket failed'));
    const succeed = () => {
      finish();
      place.leave();
      unauthenticated.trust(remoteAddress);
    };
    webSocket.once('message', (data, isBinary) => {
      place.checking(true);
      authenticate(webSocket, stream, remoteAddress, data, isBinary)
        .then(({ proven }) => {
          isAnswered = true;
          return proven;
        })
        .then(succeed, (error: unknown) => {
          if (error instanceof CodedError && REFUSALS.has(error.code)) return refuse(error.message, REFUSALS.get(error.code), error.action);
          // The error is the hub's, so the connector may retry.
          log.error(
            { remoteAddress, err: error },
            'Connector authentication failed because of an error in the hub; the connector will retry',
          );
          end(1011, 'try again later');
        });
    });
  }

  /** @returns `proven`, which resolves when the connector is online */
  async function authenticate(
    webSocket: WebSocket,
    stream: Duplex,
    remoteAddress: string,
    data: RawData,
    isBinary: boolean,
  ): Promise<{ proven: Promise<void> }> {
    const text = isBinary ? '' : frameText(data);
    const frame = decodeFrame(text);
    const payload = frame?.n === 'authenticate' ? authenticatePayload.safeParse(frame.p) : undefined;
    if (payload?.success !== true) throw agentRefused('the first frame is not a valid authenticate frame');
    const agent = await tokens.verify(payload.data.jwt);
    const { connection, certificate } = agent;
    const capabilities = knownCapabilities(payload.data.capabilities);
    const terms = { authenticate: text, connection: connection.name, capabilities };
    const agreed = agent.session === undefined ? undefined : answerSession(agent.session, terms, parts.identity);
    if (agreed === undefined && agent.session !== undefined) throw agentRefused('its session key is not a valid X25519 key');
    const { id: instance, hostName, version, drained } = await admitInstance(parts, agent, payload.data.instance, remoteAddress);
    if (webSocket.readyState !== webSocket.OPEN) return { proven: Promise.resolve() };
    const connectorLog = log.child({ connection: connection.name, instance });
    const proven = Promise.withResolvers<void>();
    const connector = createConnector(
      webSocket,
      {
        ...{ instance, connection, remoteAddress, capabilities, agentVersion: version, clockSkewMs: agent.clockSkewMs },
        signing: agreed === undefined ? { kid: certificate.readsJwks ? undefined : certificate.signingKid } : undefined,
      },
      {
        session: agreed?.session,
        log: connectorLog,
        maxInFlight,
        onProven: goOnline,
        onAnswered: (failure, ms) => statistics.count(instance, failure, ms),
      },
    );
    connector.drain(drained);

    function goOnline(): void {
      const { heard, remove } = online.add(connector);
      const newest = parts.newestVersion();
      if (newest !== undefined) connector.tell('newest_version', { version: newest });
      // Called before the frame is read and while its request is still in flight, so that an answer does not count as unsolicited.
      stream.prependListener('data', (chunk: Buffer) => connector.received(chunk.length));
      webSocket.on('pong', () => {
        heard();
        connector.heard();
      });
      webSocket.on('close', (code) => {
        remove();
        connectorLog.info({ code }, 'Connector offline');
        parts.store.touchInstances([instance], new Date()).catch((error: unknown) => {
          // During shutdown the store may be closed already. The heartbeat stored the time at most a minute ago.
          connectorLog.debug({ err: error }, 'Storing the last-seen time failed');
        });
      });
      connectorLog.info({ remoteAddress, hostName, agentVersion: version, session: agreed !== undefined, drained }, 'Connector online');
      const skewMs = agent.clockSkewMs ?? 0;
      if (Math.abs(skewMs) > CLOCK_SKEW_TOLERANCE_MS) {
        const off = `${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'}`;
        connectorLog.warn({ clockSkewMs: skewMs }, `The connector's clock is ${off} this hub's. Let NTP set it`);
      }
      proven.resolve();
    }

    // Auth0 connectors offer no capabilities and receive none.
    const offered = payload.data.capabilities === undefined ? {} : { capabilities };
    // The answer is sent first, so that no request overtakes it.
    webSocket.send(encodeFrame('authenticated', { ...offered, session: agreed?.answer }));
    // Sent in the session, so that it cannot be modified or replayed.
    const clock = agreed?.session.seal(encodeFrame('clock', { clock: Date.now() }));
    if (clock !== undefined) webSocket.send(clock);
    // A token that asks for a session does not suffice to bring the connector online, because it may have been copied in transit.
    if (agreed === undefined) goOnline();
    return { proven: proven.promise };
  }

  return {
    stop() {
      stopping = true;
      unauthenticated.dropAll();
    },
    get shortageAt() {
      return unauthenticated.shortageAt;
    },
  };
}

function reject(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
