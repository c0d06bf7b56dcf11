/**
 * One WebSocket to the hub, from dialling to its end: the handshake, the agent's authentication, the frames. It is never revived;
 * keeping a connection alive is the link's matter.
 */

import type { KeyObject } from 'node:crypto';
import type { Agent } from 'node:http';
import {
  type AgentInstance,
  type AuthenticationFailureReason,
  authenticatedPayload,
  authenticationFailurePayload,
  CAPABILITIES,
  type Capability,
  decodeFrame,
  encodeFrame,
  knownCapabilities,
  MAX_REQUEST_FRAME_BYTES,
  type RequestName,
} from '@landbridge/protocol';
import { CodedError, errorText, type Log } from '@landbridge/runtime';
import { type RawData, WebSocket } from 'ws';
import { signAgentToken } from './agent-token.ts';
import type { Asker } from './dispatch.ts';
import { reportHealth } from './health.ts';
import { startHeartbeat } from './heartbeat.ts';
import { createClaimsReader } from './request-claims.ts';
import { createSealing } from './sealing.ts';
import type { CheckedToken } from './token.ts';
import type { warnSeldom } from './warn-seldom.ts';

/** From here on ws ends the socket; up to here a frame that is too long for a request is only dropped. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
/** A hub that asks and does not read its answers must not fill this machine's memory. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024;
/** A peer that does not answer our close within this time is cut off. */
const CLOSE_TIMEOUT_MS = 2000;
/** The payload of the ping behind `draining`. */
const DRAINING = Buffer.from('draining');

export interface ConnectionTimes {
  /** DNS, proxy, TCP, TLS and HTTP together. */
  handshakeTimeoutMs: number;
  /** From the `authenticate` frame to its answer. */
  authenticateTimeoutMs: number;
  heartbeatIntervalMs: number;
  heartbeatMisses: number;
}

/** How a connection ended. */
export type ConnectionEnd =
  /** The hub refused the agent: its certificate, or its connection. */
  | { kind: 'rejected'; reason: AuthenticationFailureReason | undefined; text: string }
  /** Never connected, or broken. */
  | { kind: 'failed'; error: CodedError }
  /** Closed by the hub; 1006 where the socket ended without a word. */
  | { kind: 'closed'; code: number; reason: string }
  | { kind: 'closed by us' };

/** A connection that the hub has accepted. */
export interface Connection {
  capabilities: readonly Capability[];
  /** Tells the hub to send nothing new, where it understands that. Resolves when nothing new can come any more. */
  drain(): Promise<void>;
  /** Closes with code 1000; `ended` follows. */
  close(): void;
}

/**
 * Dials, authenticates and serves until the connection ends.
 *
 * @param options.hubUrl http(s) or ws(s)
 * @param options.signal gives up, at any stage
 * @param options.onAccepted called once, when the hub has accepted the agent
 * @param options.onRequest called for each request frame after that
 * @throws CodedError HUB_URL_INVALID, AGENT_KEY_UNUSABLE; whatever happens from the dialling on is the result
 */
export async function runConnection(options: {
  hubUrl: string;
  connection: string;
  realm: string;
  instance?: AgentInstance;
  privateKey: KeyObject;
  agentFor: (url: URL) => Agent | undefined;
  checkToken: (jwt: string) => Promise<CheckedToken>;
  directoryIsUp: () => boolean;
  times: ConnectionTimes;
  log: Log;
  warn: ReturnType<typeof warnSeldom>;
  now: () => number;
  signal: AbortSignal;
  onAccepted: (connection: Connection) => void;
  onRequest: (name: RequestName, payload: unknown, asker: Asker) => void;
}): Promise<ConnectionEnd> {
  const { times, log, warn, signal } = options;
  const url = socketUrl(options.hubUrl);
  const sealing = createSealing();
  const jwt = await signAgentToken(options.privateKey, { ...options, keys: sealing.keys }, options.now).catch((cause: unknown) => {
    throw keyUnusable(cause);
  });
  if (signal.aborted) return { kind: 'closed by us' };

  const socket = new WebSocket(url, {
    agent: options.agentFor(url),
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD_BYTES,
    handshakeTimeout: times.handshakeTimeoutMs,
    // A redirect could take the agent's token anywhere.
    followRedirects: false,
  });
  const gone = new AbortController();
  const ended = Promise.withResolvers<ConnectionEnd>();
  let isAccepted = false;
  let bytesRead = () => 0;
  let stopHeartbeat = () => {};
  let stopHealth = () => {};
  let capabilities: readonly Capability[] = [];
  let authenticateTimer: NodeJS.Timeout | undefined;
  let closeTimer: NodeJS.Timeout | undefined;

  /** The first reason counts; what follows from it is not told again. */
  function end(reason: ConnectionEnd): void {
    if (gone.signal.aborted) return;
    gone.abort();
    clearTimeout(authenticateTimer);
    clearTimeout(closeTimer);
    stopHeartbeat();
    stopHealth();
    signal.removeEventListener('abort', close);
    socket.terminate();
    ended.resolve(reason);
  }

  function fail(code: string, message: string, action: string, cause?: unknown): void {
    end({ kind: 'failed', error: new CodedError(code, message, { action, cause }) });
  }

  function close(): void {
    if (socket.readyState === WebSocket.CONNECTING) return end({ kind: 'closed by us' });
    socket.close(1000);
    closeTimer ??= setTimeout(() => end({ kind: 'closed by us' }), CLOSE_TIMEOUT_MS);
  }

  function received(data: RawData, isBinary: boolean): void {
    // ws gives one Buffer for each message unless told otherwise.
    if (isBinary || !Buffer.isBuffer(data)) return warn('binary', {}, 'A binary frame of the hub is dropped');
    if (data.length > MAX_REQUEST_FRAME_BYTES) {
      return warn(
        'too long',
        { bytes: data.length },
        `A frame of the hub is longer than ${MAX_REQUEST_FRAME_BYTES} bytes and dropped unread`,
      );
    }
    const frame = decodeFrame(data.toString('utf8'));
    if (frame === undefined)
      return warn('garbage', { bytes: data.length }, 'A frame of the hub is not JSON of the form {n, p} and is dropped');
    // Names come from outside: they are compared, and never used to look anything up.
    switch (frame.n) {
      case 'authenticated':
        return accepted(frame.p);
      case 'authentication_failure':
        return end({
          kind: 'rejected',
          reason: authenticationFailurePayload.safeParse(frame.p).data?.reason,
          text: reasonText(frame.p),
        });
      case 'authenticate_user':
      case 'search_users':
      case 'list_groups':
      case 'change_password':
        if (isAccepted) options.onRequest(frame.n, frame.p, asker);
        else warn('early', { request: frame.n }, 'A request came before the hub accepted this connector; dropped');
        return;
      default:
        log.debug({ name: frame.n }, 'A frame of an unknown name is ignored');
    }
  }

  function accepted(payload: unknown): void {
    if (isAccepted) return;
    isAccepted = true;
    clearTimeout(authenticateTimer);
    stopHeartbeat = startHeartbeat({
      intervalMs: times.heartbeatIntervalMs,
      misses: times.heartbeatMisses,
      bytesRead,
      ping: () => socket.ping(),
      onSilent: () =>
        fail('HUB_SILENT', 'The hub has not answered several pings', 'The network between here and the hub may be interrupted.'),
    });
    capabilities = knownCapabilities(authenticatedPayload.safeParse(payload).data?.capabilities);
    if (capabilities.includes('health')) stopHealth = reportHealth(options.directoryIsUp, asker.send);
    options.onAccepted({
      capabilities,
      drain: () => (capabilities.includes('drain') ? saidDraining() : Promise.resolve()),
      close,
    });
  }

  /** Requests that were on their way when the hub read the frame come before its pong, since frames keep their order. */
  function saidDraining(): Promise<void> {
    return new Promise((resolve) => {
      if (!asker.send(encodeFrame('draining'))) return resolve();
      socket.on('pong', (data) => {
        if (data.equals(DRAINING)) resolve();
      });
      gone.signal.addEventListener('abort', () => resolve(), { once: true });
      socket.ping(DRAINING);
    });
  }

  const asker: Asker = {
    gone: gone.signal,
    readClaims: createClaimsReader(sealing, options.checkToken),
    knows: (capability) => capabilities.includes(capability),
    sign: sealing.sign,
    send(frame) {
      if (gone.signal.aborted || socket.readyState !== WebSocket.OPEN) return false;
      if (socket.bufferedAmount > MAX_UNSENT_BYTES) {
        fail(
          'HUB_NOT_READING',
          `The hub leaves more than ${MAX_UNSENT_BYTES} bytes of answers unread`,
          'Look at the hub: it asks and does not read.',
        );
        return false;
      }
      socket.send(frame);
      return true;
    },
  };

  socket.on('upgrade', (response) => {
    bytesRead = () => response.socket.bytesRead;
  });
  socket.on('open', () => {
    authenticateTimer = setTimeout(
      () => fail('HUB_SILENT', `The hub did not answer the authentication within ${times.authenticateTimeoutMs} ms`, 'Look at the hub.'),
      times.authenticateTimeoutMs,
    );
    socket.send(encodeFrame('authenticate', { jwt, capabilities: [...CAPABILITIES], instance: options.instance }));
  });
  socket.on('message', received);
  socket.on('unexpected-response', (_request, response) => {
    fail(
      'HUB_REFUSED',
      `The hub answered HTTP ${response.statusCode} instead of opening a WebSocket`,
      'Check AD_HUB and any proxy in between.',
    );
  });
  socket.on('error', (cause) => {
    fail(
      'HUB_UNREACHABLE',
      isAccepted ? 'The connection to the hub broke' : 'The hub cannot be reached',
      'Check the network, HTTP_PROXY and CA_CERT.',
      cause,
    );
  });
  socket.on('close', (code, reason) => {
    end(closeTimer === undefined ? { kind: 'closed', code, reason: reason.toString('utf8').slice(0, 123) } : { kind: 'closed by us' });
  });
  signal.addEventListener('abort', close, { once: true });
  return await ended.promise;
}

/** `https://host/path` stands for `wss://host/path`. */
function socketUrl(hubUrl: string): URL {
  const text = hubUrl.replace(/^http/i, 'ws');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'ws:' && url.protocol !== 'wss:')) {
    throw new CodedError('HUB_URL_INVALID', 'The hub’s address (AD_HUB) is not a URL that begins with http, https, ws or wss', {
      action: 'It comes from the ticket: provision the connector again.',
    });
  }
  // A fragment is no part of a request, and ws refuses it.
  url.hash = '';
  return url;
}

function keyUnusable(cause: unknown): CodedError {
  return new CodedError('AGENT_KEY_UNUSABLE', `The connector’s private key cannot sign: ${errorText(cause)}`, {
    action: 'It must be an RSA key: certs/cert.key, or AUTH_CERT_KEY.',
    cause,
  });
}

/** Hubs give a reason in forms of their own, or none. */
function reasonText(payload: unknown): string {
  return payload === undefined || payload === null ? '' : JSON.stringify(payload).slice(0, 200);
}
