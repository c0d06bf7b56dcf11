/**
 * The link to the hub: keeps one connection open for as long as the connector runs. It owns the only socket and decides when to reconnect;
 * `connection.ts` knows what a connection is, and `dispatch.ts` what its frames mean.
 */

import type { KeyObject } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { AgentInstance, AuthenticationFailureReason } from '@landbridge/protocol';
import { CodedError, createBackoff, type Log, sleep } from '@landbridge/runtime';
import { REPLACE_KEY } from '../config/revoked-key.ts';
import type { HubClock } from '../network/hub-clock.ts';
import type { Outbound } from '../network/outbound.ts';
import type { ConnectorSignInEvents } from '../users/sign-in-events.ts';
import { type AcceptedConnection, type ConnectionEnd, type ConnectionTimes, runConnection } from './connection.ts';
import { createDispatch, type HubUsers, REQUEST_TIMEOUT_MS } from './dispatch.ts';
import { HEARTBEAT_INTERVAL_MS, HEARTBEAT_MISSES } from './heartbeat.ts';
import { createHubKeys } from './jwks.ts';
import { rateLimitedWarnings } from './rate-limited-warnings.ts';
import { createReplayMemory } from './replay.ts';
import type { HubKeys } from './token.ts';

/** The first wait is 250 to 500 ms; each further one is twice as long. */
const FIRST_WAIT_MS = 500;
/** A rejected connector stays rejected until an administrator acts; this is how long they wait to see the effect. */
const MAX_REJECTED_WAIT_MS = 60_000;
/** The waits start over after a connection of this length. */
const HOLD_MS = 10_000;
/** `provision` has time limits of its own; this one is the backstop. */
const PROVISION_TIMEOUT_MS = 60_000;

const DEFAULT_TIMES: LinkTimes = {
  handshakeTimeoutMs: 10_000,
  authenticateTimeoutMs: 10_000,
  heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
  heartbeatMisses: HEARTBEAT_MISSES,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  drainTimeoutMs: 10_000,
};

export interface LinkTimes extends ConnectionTimes {
  /** From a request's arrival to its answer. */
  requestTimeoutMs: number;
  /** When stopping: for finishing the requests in progress. */
  drainTimeoutMs: number;
}

/** Which hub to connect to, and as which connection. */
export interface LinkTarget {
  /** AD_HUB as given: http(s) or ws(s). */
  hubUrl: string;
  connection: string;
  realm: string;
  /** TENANT_SIGNING_KEY: if set, it is the only key. */
  signingKeyPem: string | undefined;
  jwksUrl: string | undefined;
  /** The pinned fingerprint of the hub's identity: the connector trusts no other hub. Undefined if the hub has no identity, as with Auth0. */
  hubIdentity: string | undefined;
  /** Which instance this is, if several connectors share the key; sent to hubs that know instances. */
  instance?: AgentInstance;
}

export type LinkStatus =
  | { state: 'connecting' }
  | { state: 'connected'; hub: string; sinceMs: number }
  | { state: 'waiting'; reason: string; untilMs: number }
  /** The hub rejects this connector. It tries again, but only an administrator can change the answer. */
  | { state: 'rejected'; reason: string; isRevoked: boolean; untilMs: number }
  | { state: 'stopped' };

export interface HubLink {
  status(): LinkStatus;
  /** The newest version among the hub's packages; undefined if the hub announced none. */
  newestVersion(): string | undefined;
  readonly events: EventEmitter<{ status: [LinkStatus] }>;
  /** Takes no new requests, answers those in progress, closes. Resolves when the socket has closed. */
  close(): Promise<void>;
}

export interface HubLinkOptions {
  /** Called at start and before each reconnection; rejects only if no usable target is known. */
  provision(signal: AbortSignal): Promise<LinkTarget>;
  users: HubUsers;
  signIns: ConnectorSignInEvents;
  /** Whether the directory answers now, or undefined if that is not known yet. Reported to hubs with the `health` capability. */
  directoryIsUp(): boolean | undefined;
  log: Log;
  privateKey: KeyObject;
  resetPasswordEnabled: boolean;
  changeOwnPasswordEnabled: boolean;
  outbound: Pick<Outbound, 'agentFor' | 'request'>;
  maxReconnectIntervalMs: number;
  times?: Partial<LinkTimes>;
  /** The hub's time, for its requests. */
  hubClock: HubClock;
  /** For tests. */
  clock?: { now(): number; sleep(ms: number, signal: AbortSignal): Promise<void> };
}

/** Connects, and keeps reconnecting until closed: no failure of the hub or the network ends the process. */
export function startHubLink(options: HubLinkOptions): HubLink {
  const { users, log, outbound, hubClock } = options;
  const times = { ...DEFAULT_TIMES, ...options.times };
  const clock = options.clock ?? { now: Date.now, sleep };
  const warn = rateLimitedWarnings(log, clock.now);
  const events = new EventEmitter<{ status: [LinkStatus] }>();
  /** Aborted first: no new connection is opened. */
  const stopping = new AbortController();
  /** Aborted when everything is answered: the open connection closes. */
  const ending = new AbortController();
  const replay = createReplayMemory({
    now: clock.now,
    keepSeconds: hubClock.limitMs / 1000,
    onFull: () => log.warn('Replay memory is full: the oldest tokens are dropped, and a replay of one of them would not be detected'),
  });
  const dispatch = createDispatch({
    users,
    signIns: options.signIns,
    log,
    warn,
    resetPasswordEnabled: options.resetPasswordEnabled,
    changeOwnPasswordEnabled: options.changeOwnPasswordEnabled,
    requestTimeoutMs: times.requestTimeoutMs,
  });
  const backoff = createBackoff({ firstMs: FIRST_WAIT_MS, maxMs: options.maxReconnectIntervalMs, holdMs: HOLD_MS, now: clock.now });
  const rejectedBackoff = createBackoff({ firstMs: FIRST_WAIT_MS, maxMs: MAX_REJECTED_WAIT_MS, holdMs: HOLD_MS, now: clock.now });
  let status: LinkStatus = { state: 'connecting' };
  let connection: AcceptedConnection | undefined;
  let newestVersion: string | undefined;
  // Kept across reconnections, in case the JWKS document cannot be fetched for a moment.
  const hubKeys = createHubKeys({ request: outbound.request, log, now: clock.now });

  function setStatus(next: LinkStatus): void {
    status = next;
    events.emit('status', next);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      setStatus({ state: 'connecting' });
      const end = await connectOnce();
      connection = undefined;
      if (stopping.signal.aborted) return;
      const isRejected = end.kind === 'rejected';
      const waitMs = (isRejected ? rejectedBackoff : backoff).nextMs();
      const reason = logEnd(end, waitMs);
      const untilMs = clock.now() + waitMs;
      setStatus(
        end.kind === 'rejected'
          ? { state: 'rejected', reason, isRevoked: end.reason === 'revoked', untilMs }
          : { state: 'waiting', reason, untilMs },
      );
      await clock.sleep(waitMs, stopping.signal);
    }
  }

  async function connectOnce(): Promise<ConnectionEnd> {
    try {
      const target = await options.provision(AbortSignal.any([stopping.signal, AbortSignal.timeout(PROVISION_TIMEOUT_MS)]));
      const hub = hostOf(target.hubUrl);
      return await runConnection({
        ...target,
        privateKey: options.privateKey,
        agentFor: outbound.agentFor,
        trust: target.hubIdentity === undefined ? { keys: keysOf(target), replay, now: hubClock.now } : { hubIdentity: target.hubIdentity },
        directoryIsUp: options.directoryIsUp,
        times,
        log,
        warn,
        now: clock.now,
        hubClock,
        signal: ending.signal,
        onAccepted(accepted) {
          connection = accepted;
          backoff.succeeded();
          rejectedBackoff.succeeded();
          log.info({ connection: target.connection }, `Connected to hub ${hub}`);
          setStatus({ state: 'connected', hub, sinceMs: clock.now() });
        },
        onRequest: dispatch.handle,
        onOversize: dispatch.refuse,
        onNewestVersion(version) {
          newestVersion = version;
        },
      });
    } catch (cause) {
      if (cause instanceof CodedError && cause.code === 'CONNECTOR_KEY_REVOKED') return { kind: 'rejected', reason: 'revoked', text: '' };
      const message = 'Preparing the connection to the hub failed';
      return { kind: 'failed', error: cause instanceof CodedError ? cause : new CodedError('HUB_CONNECTION_FAILED', message, { cause }) };
    }
  }

  function keysOf(target: LinkTarget): HubKeys {
    const keys = hubKeys(target);
    if (keys !== undefined) return keys;
    throw new CodedError('HUB_KEYS_UNKNOWN', 'Neither a signing key nor a JWKS address of the hub is known', {
      action: 'Provision the connector with its ticket.',
    });
  }

  /** @returns the reason in a few words, for the status */
  function logEnd(end: ConnectionEnd, waitMs: number): string {
    const next = `retrying in ${(waitMs / 1000).toFixed(1)} s`;
    switch (end.kind) {
      case 'rejected':
        if (end.reason === 'clock_skew') {
          log.error(`This machine's clock and the hub's differ by more than the hub allows. Let NTP set both; ${next}`);
          return "this machine's clock and the hub's differ too much";
        }
        log.error(
          end.text === '' ? {} : { hub: end.text },
          `The hub rejected this connector: ${REJECTIONS[end.reason ?? 'unknown']}; ${next}`,
        );
        if (end.reason === 'revoked') return 'an administrator of the hub revoked it';
        return end.reason === 'approval_pending'
          ? 'waiting for an administrator of the hub to approve this connector'
          : 'the hub rejects this connector';
      case 'failed':
        log.warn({ err: end.error }, `No connection to the hub; ${next}`);
        return end.error.message;
      case 'closed':
        log.warn(end.reason === '' ? {} : { reason: end.reason }, `Hub closed the connection (${end.code}); ${next}`);
        return `the hub closed the connection (${end.code})`;
      case 'closed by us':
        return 'closed';
    }
  }

  async function drain(): Promise<void> {
    const deadline = new AbortController();
    const answered = Promise.resolve(connection?.drain()).then(() => dispatch.idle());
    await Promise.race([answered, sleep(times.drainTimeoutMs, deadline.signal)]);
    deadline.abort();
    // Requests still in progress are answered with an error, which is better than no answer.
    dispatch.abort();
    await dispatch.idle();
  }

  const running = run().catch((error: unknown) =>
    log.error({ err: error }, 'The link to the hub stopped because of a fault in this program'),
  );
  let closing: Promise<void> | undefined;
  async function closeOnce(): Promise<void> {
    stopping.abort();
    if (connection !== undefined) {
      log.info('Closing the connection to the hub');
      await drain();
    }
    ending.abort();
    await running;
    setStatus({ state: 'stopped' });
  }
  return {
    status: () => status,
    newestVersion: () => newestVersion,
    events,
    close() {
      closing ??= closeOnce();
      return closing;
    },
  };
}

const REJECTIONS: Record<AuthenticationFailureReason | 'unknown', string> = {
  unknown: 'its connection was deleted, or another certificate is registered. Provision it again with a valid ticket',
  approval_pending:
    'an administrator of the hub must approve its certificate, because the ticket had already enrolled a connector, the ticket had expired, or the connection requires approval',
  revoked: `an administrator of the hub revoked it. To enrol again it needs a new key: ${REPLACE_KEY}`,
  clock_skew: "this machine's clock and the hub's differ too much",
  register_again: 'it must register again, which happens before the next try',
};

/** For the log: without the path, which may contain a tenant's name or secret. */
function hostOf(hubUrl: string): string {
  return URL.canParse(hubUrl) ? new URL(hubUrl).host : hubUrl;
}
