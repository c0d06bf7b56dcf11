/**
 * One WebSocket to the hub, from dialling to closing: handshake, authentication, session, frames. It is never reopened: `link.ts` opens a new one.
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
  clockAnswer,
  decodeFrame,
  encodeFrame,
  isOlder,
  knownCapabilities,
  MAX_REQUEST_FRAME_BYTES,
  newestVersionPayload,
  offerSession,
  type RequestName,
  type SocketSession,
} from '@landbridge/protocol';
import { CodedError, createFrameProgress, errorText, type Log, networkAdvice } from '@landbridge/runtime';
import { type RawData, WebSocket } from 'ws';
import type { HubClock } from '../network/hub-clock.ts';
import { hostAndPort } from '../network/proxy.ts';
import { signAgentToken } from './agent-token.ts';
import type { HubSocket } from './dispatch.ts';
import { reportHealth } from './health.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { type Oversize, oversizeRequest } from './oversize.ts';
import type { RateLimitedWarn } from './rate-limited-warnings.ts';
import { createSessionClaimsReader, createTokenClaimsReader } from './request-claims.ts';
import type { TokenChecks } from './token.ts';

/** ws closes the socket on a larger frame. A frame below this but too long for a request is dropped. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
/** A hub that sends requests but does not read its answers must not fill this machine's memory. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024;
/** How long the hub has to answer a close frame before the socket is destroyed. */
const CLOSE_TIMEOUT_MS = 2000;
/** The payload of the ping that follows the `draining` frame. */
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
  /** The hub rejected the connector: its certificate, or its connection. */
  | { kind: 'rejected'; reason: AuthenticationFailureReason | undefined; text: string }
  /** Could not connect, or the connection broke. */
  | { kind: 'failed'; error: CodedError }
  /** Closed by the hub; 1006 if the socket ended without a close frame. */
  | { kind: 'closed'; code: number; reason: string }
  | { kind: 'closed by us' };

/** How requests from the hub are authenticated: by a session with the hub of this fingerprint, or by a signature on each request. */
export type HubTrust = { hubIdentity: string } | TokenChecks;

/** A connection that the hub has accepted. */
export interface AcceptedConnection {
  capabilities: readonly Capability[];
  /** Tells the hub to send no new requests, if it knows `drain`. Resolves when no new request can arrive. */
  drain(): Promise<void>;
  /** Closes with code 1000; `ended` follows. */
  close(): void;
}

/**
 * Dials, authenticates and serves until the connection ends.
 *
 * @param options.hubUrl http(s) or ws(s)
 * @param options.signal ends it at any stage
 * @param options.onAccepted called once, when the hub has accepted the connector
 * @param options.onNewestVersion called with the newest version among the hub's packages
 * @param options.onRequest called for each request frame after that
 * @returns how it ended, from dialling on
 * @throws CodedError HUB_URL_INVALID, AGENT_KEY_UNUSABLE
 */
export async function runConnection(options: {
  hubUrl: string;
  connection: string;
  realm: string;
  instance?: AgentInstance;
  privateKey: KeyObject;
  agentFor: (url: URL) => Agent | undefined;
  trust: HubTrust;
  directoryIsUp: () => boolean | undefined;
  times: ConnectionTimes;
  log: Log;
  warn: RateLimitedWarn;
  now: () => number;
  hubClock: HubClock;
  signal: AbortSignal;
  onAccepted: (connection: AcceptedConnection) => void;
  onRequest: (name: RequestName, payload: unknown, socket: HubSocket) => void;
  onOversize: (request: Oversize, socket: HubSocket) => void;
  onNewestVersion?: (version: string) => void;
}): Promise<ConnectionEnd> {
  const { times, log, warn, signal, trust } = options;
  const url = socketUrl(options.hubUrl);
  const offer = 'hubIdentity' in trust ? { ...offerSession(), pinned: trust.hubIdentity } : undefined;
  const jwt = await signAgentToken(options.privateKey, { ...options, session: offer?.claim }, options.now).catch((cause: unknown) => {
    throw keyUnusable(cause);
  });
  const authenticate = encodeFrame('authenticate', { jwt, capabilities: [...CAPABILITIES], instance: options.instance });
  if (signal.aborted) return { kind: 'closed by us' };

  const socket = new WebSocket(url, {
    agent: options.agentFor(url),
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD_BYTES,
    handshakeTimeout: times.handshakeTimeoutMs,
    // A redirect could send the connector's token to any server.
    followRedirects: false,
  });
  const closed = new AbortController();
  const ended = Promise.withResolvers<ConnectionEnd>();
  let isAccepted = false;
  let authenticateSentAt: number | undefined;
  let session: SocketSession | undefined;
  let bytesRead = () => 0;
  const progress = createFrameProgress(() => bytesRead());
  let heartbeat: Heartbeat | undefined;
  let stopHealth = () => {};
  let capabilities: readonly Capability[] = [];
  let authenticateTimer: NodeJS.Timeout | undefined;
  let closeTimer: NodeJS.Timeout | undefined;

  /** The first reason counts; later ones follow from it. */
  function end(reason: ConnectionEnd): void {
    if (closed.signal.aborted) return;
    closed.abort();
    clearTimeout(authenticateTimer);
    clearTimeout(closeTimer);
    heartbeat?.stop();
    stopHealth();
    signal.removeEventListener('abort', close);
    socket.terminate();
    ended.resolve(reason);
  }

  function fail(code: string, message: string, action: string, cause?: unknown): void {
    end({ kind: 'failed', error: new CodedError(code, message, { action, cause }) });
  }

  function breakSession(message: string): void {
    fail('HUB_SESSION_BROKEN', message, 'If this happens again, look for a proxy that modifies traffic between connector and hub.');
  }

  function close(): void {
    if (socket.readyState === WebSocket.CONNECTING) return end({ kind: 'closed by us' });
    socket.close(1000);
    closeTimer ??= setTimeout(() => end({ kind: 'closed by us' }), CLOSE_TIMEOUT_MS);
  }

  function onMessage(data: RawData, isBinary: boolean): void {
    // By default, ws gives one Buffer per message.
    progress.frame();
    if (closed.signal.aborted || !Buffer.isBuffer(data)) return;
    if (session === undefined && isBinary) return warn('binary', {}, 'Unexpected binary frame from the hub dropped');
    const text = session === undefined ? data.toString('utf8') : isBinary ? session.open(data) : undefined;
    if (text === undefined)
      return breakSession('A frame from the hub was modified, replayed or lost in transit, or did not come from the hub');
    if (data.length > MAX_REQUEST_FRAME_BYTES) {
      const request = isAccepted ? oversizeRequest(text) : undefined;
      if (request !== undefined) return options.onOversize(request, hubSocket);
      return warn('too long', { bytes: data.length }, `Dropped a frame from the hub unread: longer than ${MAX_REQUEST_FRAME_BYTES} bytes`);
    }
    const frame = decodeFrame(text);
    if (frame === undefined) return warn('malformed', { bytes: data.length }, 'Dropped a malformed frame from the hub');
    // Names come from the network: compare them, never use them for a lookup.
    switch (frame.n) {
      case 'authenticated':
        return accept(frame.p);
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
      case 'password_times':
        if (isAccepted) options.onRequest(frame.n, frame.p, hubSocket);
        else warn('early', { request: frame.n }, 'Dropped a request: the hub has not accepted this connector yet');
        return;
      case 'clock':
        // Only within a session, because any proxy could forge it outside.
        if (session !== undefined) learnClock(frame.p);
        return;
      case 'newest_version':
        // Likewise.
        if (session !== undefined) noteNewestVersion(frame.p);
        return;
      default:
        log.debug({ name: frame.n }, 'Ignored a frame with an unknown name');
    }
  }

  function noteNewestVersion(payload: unknown): void {
    const newest = newestVersionPayload.safeParse(payload).data?.version;
    const installed = options.instance?.version;
    if (newest === undefined) return;
    options.onNewestVersion?.(newest);
    if (installed === undefined || !isOlder(installed, newest)) return;
    log.info({ installed, newest }, 'The hub offers a newer version: landbridge-connector update');
  }

  /** Only once, directly after the handshake, because the handshake's round trip bounds how long the frame can have been delayed. */
  function learnClock(payload: unknown): void {
    const answer = clockAnswer.safeParse(payload);
    if (answer.success && authenticateSentAt !== undefined)
      options.hubClock.learn(answer.data.clock, performance.now() - authenticateSentAt);
    authenticateSentAt = undefined;
  }

  function accept(payload: unknown): void {
    if (isAccepted) return;
    const answer = authenticatedPayload.safeParse(payload).data;
    if (offer !== undefined) {
      const terms = { authenticate, connection: options.connection, capabilities: answer?.capabilities ?? [] };
      const agreed = offer.accept(answer?.session, terms, offer.pinned);
      if ('refused' in agreed) return fail('HUB_NOT_TRUSTED', `The hub is not the one named in the ticket: ${agreed.refused}`, NOT_TRUSTED);
      session = agreed.session;
    }
    isAccepted = true;
    clearTimeout(authenticateTimer);
    heartbeat = startHeartbeat({
      intervalMs: times.heartbeatIntervalMs,
      misses: times.heartbeatMisses,
      ping: (payload) => socket.ping(payload),
      isMidFrame: progress.isMidFrame,
      onSilent: () =>
        fail('HUB_SILENT', 'The hub has not answered several pings', 'The network between here and the hub may be interrupted.'),
    });
    capabilities = knownCapabilities(answer?.capabilities);
    if (capabilities.includes('health')) stopHealth = reportHealth(options.directoryIsUp, hubSocket.send);
    options.onAccepted({
      capabilities,
      drain: () => (capabilities.includes('drain') ? drain() : Promise.resolve()),
      close,
    });
  }

  /** Frames keep their order, so requests the hub sent before it read `draining` arrive before its pong. */
  function drain(): Promise<void> {
    return new Promise((resolve) => {
      if (!hubSocket.send(encodeFrame('draining'))) return resolve();
      socket.on('pong', (data) => {
        if (data.equals(DRAINING)) resolve();
      });
      closed.signal.addEventListener('abort', () => resolve(), { once: true });
      socket.ping(DRAINING);
    });
  }

  const hubSocket: HubSocket = {
    closed: closed.signal,
    readClaims: 'hubIdentity' in trust ? createSessionClaimsReader(options.hubClock.now) : createTokenClaimsReader(trust, options.realm),
    knows: (capability) => capabilities.includes(capability),
    send(frame) {
      if (closed.signal.aborted || socket.readyState !== WebSocket.OPEN) return false;
      if (socket.bufferedAmount > MAX_UNSENT_BYTES) {
        fail(
          'HUB_NOT_READING',
          `The hub has left more than ${MAX_UNSENT_BYTES} bytes of answers unread`,
          'Check the hub: it sends requests but does not read the answers.',
        );
        return false;
      }
      const sealed = session === undefined ? frame : session.seal(frame);
      if (sealed === undefined) breakSession('The session keys are used up');
      else socket.send(sealed);
      return sealed !== undefined;
    },
  };

  socket.on('upgrade', (response) => {
    bytesRead = () => response.socket.bytesRead;
  });
  socket.on('open', () => {
    authenticateTimer = setTimeout(
      () => fail('HUB_SILENT', `The hub did not answer the authentication within ${times.authenticateTimeoutMs} ms`, 'Check the hub.'),
      times.authenticateTimeoutMs,
    );
    authenticateSentAt = performance.now();
    socket.send(authenticate);
  });
  socket.on('message', onMessage);
  socket.on('pong', (payload) => {
    progress.frame();
    heartbeat?.ponged(payload);
  });
  socket.on('ping', progress.frame);
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
      isAccepted ? 'The connection to the hub was lost' : 'The hub cannot be reached',
      networkAdvice(cause, hostAndPort(url))?.action ?? 'Check the network, HTTP_PROXY and CA_CERT.',
      cause,
    );
  });
  socket.on('close', (code, reason) => {
    end(closeTimer === undefined ? { kind: 'closed', code, reason: reason.toString('utf8').slice(0, 123) } : { kind: 'closed by us' });
  });
  signal.addEventListener('abort', close, { once: true });
  return await ended.promise;
}

const NOT_TRUSTED = 'A proxy may be impersonating the hub. If the hub was reinstalled, run setup with a new ticket.';

/** `https://host/path` means `wss://host/path`. */
function socketUrl(hubUrl: string): URL {
  const text = hubUrl.replace(/^http/i, 'ws');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'ws:' && url.protocol !== 'wss:')) {
    throw new CodedError('HUB_URL_INVALID', 'The hub’s address (AD_HUB) is not a URL that begins with http, https, ws or wss', {
      action: 'It comes from the ticket: provision the connector again.',
    });
  }
  // ws refuses a URL with a fragment.
  url.hash = '';
  return url;
}

function keyUnusable(cause: unknown): CodedError {
  return new CodedError('AGENT_KEY_UNUSABLE', `The connector’s private key cannot sign: ${errorText(cause)}`, {
    action: 'It must be an RSA key: certs/cert.key, or AUTH_CERT_KEY.',
    cause,
  });
}

/** The format of the reason differs between hubs; some give none. */
function reasonText(payload: unknown): string {
  return payload === undefined || payload === null ? '' : JSON.stringify(payload).slice(0, 200);
}
