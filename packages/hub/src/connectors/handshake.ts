/** From an HTTP upgrade to an authenticated connector: who may open a socket, the first frame, and its answer. */

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type AuthenticationFailureReason,
  authenticatePayload,
  decodeFrame,
  encodeFrame,
  knownCapabilities,
  MAX_FRAME_BYTES,
} from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import { clientContextOf } from '@landbridge/web';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { Store } from '../store/store.ts';
import { type AgentTokens, agentRefused } from './agent-token.ts';
import { createConnector, textOf } from './connector.ts';
import { admitInstance } from './instances.ts';
import type { OnlineConnectors } from './online.ts';
import type { Statistics } from './statistics.ts';

/** Where installed connectors find the socket of their hub. */
export const HUB_SOCKET_PATH = '/lo/hub';

/** `authenticate` must be there this long after the upgrade. */
const AUTHENTICATE_TIMEOUT_MS = 10_000;
/** A stranger may send this much, in all: a token with a 4096-bit signature is below 2 KB. */
const MAX_UNAUTHENTICATED_BYTES = 64 * 1024;
/** Strangers' sockets at once; connectors that are turned away come again. */
const MAX_UNAUTHENTICATED_SOCKETS = 1000;
/** What the other side has to answer a close frame. */
const CLOSE_GRACE_MS = 2000;

/** Why a connector may be refused, and what it is told: a reason only where it has proved to have a registered key. */
const REFUSALS = new Map<string, AuthenticationFailureReason | undefined>([
  ['AGENT_REFUSED', undefined],
  ['AGENT_PENDING', 'approval_pending'],
  ['AGENT_REVOKED', 'revoked'],
  ['AGENT_KEY_RETIRED', 'register_again'],
]);

export interface Handshake {
  /** No more sockets from now on. */
  stop(): void;
}

/** Takes the upgrades of `server`. */
export function acceptConnectors(
  server: Server,
  parts: {
    tokens: AgentTokens;
    store: Store;
    keys: SigningKeys;
    online: OnlineConnectors;
    statistics: Statistics;
    /** Requests per connector. */
    maxInFlight: number;
    log: Log;
    authenticateTimeoutMs?: number;
  },
): Handshake {
  const { tokens, online, statistics, maxInFlight, log } = parts;
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES });
  const unauthenticated = new Set<WebSocket>();
  let stopping = false;

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Without a listener, an error of a socket that is turned away would end the process.
    socket.on('error', () => socket.destroy());
    if (request.url?.split('?', 1)[0] !== HUB_SOCKET_PATH) return turnAway(socket, '404 Not Found');
    // Browsers send Origin with every WebSocket, connectors never: no page may open a socket in a visitor's name.
    if (request.headers.origin !== undefined) return turnAway(socket, '403 Forbidden');
    if (stopping || unauthenticated.size >= MAX_UNAUTHENTICATED_SOCKETS) return turnAway(socket, '503 Service Unavailable');
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      awaitAuthenticate(webSocket, socket, clientContextOf(request).address);
    });
  });

  function awaitAuthenticate(webSocket: WebSocket, stream: Duplex, remoteAddress: string): void {
    unauthenticated.add(webSocket);
    const timeout = setTimeout(() => refuse('no authenticate in time'), parts.authenticateTimeoutMs ?? AUTHENTICATE_TIMEOUT_MS);
    let bytes = 0;
    // ws has one limit for a whole server; the stricter one for strangers is kept here, below the frames.
    const count = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_UNAUTHENTICATED_BYTES) {
        log.warn({ remoteAddress }, 'A socket sent too much before it authenticated: dropped');
        webSocket.terminate();
      }
    };
    const finish = () => {
      clearTimeout(timeout);
      unauthenticated.delete(webSocket);
      stream.off('data', count);
    };
    const end = (code: number, reason: string) => {
      finish();
      webSocket.close(code, reason);
      setTimeout(() => webSocket.terminate(), CLOSE_GRACE_MS).unref();
    };
    const refuse = (reason: string, told?: AuthenticationFailureReason, action?: string) => {
      log.warn({ remoteAddress, reason, action }, 'Connector refused');
      webSocket.send(encodeFrame('authentication_failure', { reason: told }));
      end(1008, 'not authenticated');
    };
    stream.on('data', count);
    webSocket.on('close', finish);
    webSocket.on('error', (error) => log.warn({ remoteAddress, err: error }, 'A connector socket failed'));
    webSocket.once('message', (data, isBinary) => {
      authenticate(webSocket, stream, remoteAddress, data, isBinary).then(finish, (error: unknown) => {
        if (error instanceof CodedError && REFUSALS.has(error.code)) return refuse(error.message, REFUSALS.get(error.code), error.action);
        // The fault is the hub's own: the connector is not rejected and may come again.
        log.error({ remoteAddress, err: error }, 'A connector could not be authenticated');
        end(1011, 'try again later');
      });
    });
  }

  async function authenticate(
    webSocket: WebSocket,
    stream: Duplex,
    remoteAddress: string,
    data: RawData,
    isBinary: boolean,
  ): Promise<void> {
    const frame = isBinary ? undefined : decodeFrame(textOf(data));
    const payload = frame?.n === 'authenticate' ? authenticatePayload.safeParse(frame.p) : undefined;
    if (payload?.success !== true) throw agentRefused('the first frame is not authenticate {jwt}');
    const agent = await tokens.verify(payload.data.jwt);
    const { connection, certificate } = agent;
    const { id: instance, hostName, version, drained } = await admitInstance(parts, agent, payload.data.instance, remoteAddress);
    if (webSocket.readyState !== webSocket.OPEN) return;
    const capabilities = knownCapabilities(payload.data.capabilities);
    const connectorLog = log.child({ connection: connection.name, instance });
    const connector = createConnector(
      webSocket,
      {
        instance,
        connection,
        remoteAddress,
        agentVersion: version,
        algorithm: certificate.readsJwks ? 'ES256' : 'RS256',
        signingKid: certificate.readsJwks ? undefined : certificate.signingKid,
        capabilities,
        sealing: agent.sealing,
      },
      { log: connectorLog, maxInFlight, onAnswered: (failure, ms) => statistics.count(instance, failure, ms) },
    );
    connector.drain(drained);
    const { heard, gone } = online.add(connector);
    // Each byte is a sign of life, not only a whole frame: a list of people may take longer on its way than a ping is waited for.
    stream.on('data', () => {
      heard();
      connector.heard();
    });
    webSocket.on('close', (code) => {
      gone();
      connectorLog.info({ code }, 'Connector gone');
      parts.store.touchInstances([instance], new Date()).catch((error: unknown) => {
        // At a stop the store may be closed already; the heartbeat wrote it down a minute ago at most.
        connectorLog.debug({ err: error }, 'When the connector was last seen is not written down');
      });
    });
    // Installed connectors offer none and are answered none.
    webSocket.send(encodeFrame('authenticated', payload.data.capabilities === undefined ? {} : { capabilities }));
    connectorLog.info(
      { remoteAddress, hostName, agentVersion: version, algorithm: connector.algorithm, sealed: agent.sealing !== undefined, drained },
      'Connector online',
    );
  }

  return {
    stop() {
      stopping = true;
      for (const webSocket of unauthenticated) webSocket.terminate();
    },
  };
}

function turnAway(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
