/**
 * Passes requests from the socket to `users` and sends the answers: reads the claims, and limits the number and duration of requests,
 * and sends exactly one answer to the socket that asked.
 */
import {
  answerName,
  type Capability,
  claimsOf,
  encodeAnswer,
  encodeFrame,
  MAX_FRAME_BYTES,
  MAX_REQUEST_FRAME_BYTES,
  pidOf,
  type RequestClaims,
  type RequestName,
  type RequestOutcome,
  type Step,
  UNEXPECTED_ERROR,
} from '@landbridge/protocol';
import { CodedError, createSemaphore, type Log } from '@landbridge/runtime';
import type { RequestContext } from '../users/context.ts';
import { subjectMissing, undecidedFailure, unexpectedFailure } from '../users/failures.ts';
import type { ConnectorSignInEvents } from '../users/sign-in-events.ts';
import type { Users } from '../users/users.ts';
import type { Oversize } from './oversize.ts';
import type { RateLimitedWarn } from './rate-limited-warnings.ts';
import type { ReadClaims } from './request-claims.ts';

/** Requests in progress. More would only queue in front of the directory instead of here. */
const MAX_RUNNING = 256;
/** Requests that wait: at 1,000 sign-ins a second they wait a second. Excess requests are rejected as busy. */
const MAX_WAITING = 1024;
/** Tokens being verified: each takes microseconds, except while the hub's JWKS document is fetched. */
const MAX_VERIFYING = 2048;
/** From a request's arrival to its answer, including the time it waits. Hubs give up at about the same time. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** The socket that a request came in on. */
export interface HubSocket {
  /** @returns false if the socket has closed; the frame is dropped */
  send(frame: string): boolean;
  /** Aborted when the socket closes. */
  readonly closed: AbortSignal;
  readonly readClaims: ReadClaims;
  /** Whether the capability was negotiated with the hub. */
  knows(capability: Capability): boolean;
}

/** What a hub may ask for. */
export type HubUsers = Pick<Users, 'authenticate' | 'searchUsers' | 'listGroups' | 'changePassword' | 'passwordTimes'>;

export interface Dispatch {
  /** Answers a request that is too long to read. Never throws. */
  refuse(frame: Oversize, socket: HubSocket): void;
  /** Takes a request; its answer is sent later. Never throws. */
  handle(name: RequestName, payload: unknown, socket: HubSocket): void;
  /** Resolves when no request is in progress or waiting. */
  idle(): Promise<void>;
  /** Aborts every request in progress or waiting: each is answered with an error. */
  abort(): void;
}

interface HubRequest {
  name: RequestName;
  correlationId: string;
  claims: Record<string, unknown>;
  socket: HubSocket;
  steps: Step[];
  arrivedAt: number;
}

type Outcome = RequestOutcome<RequestName>;

export function createDispatch(options: {
  users: HubUsers;
  signIns: ConnectorSignInEvents;
  log: Log;
  warn: RateLimitedWarn;
  resetPasswordEnabled: boolean;
  changeOwnPasswordEnabled: boolean;
  requestTimeoutMs: number;
  maxRunning?: number;
  maxWaiting?: number;
}): Dispatch {
  const { users, signIns, log, warn, requestTimeoutMs } = options;
  const semaphore = createSemaphore({
    maxRunning: options.maxRunning ?? MAX_RUNNING,
    maxWaiting: options.maxWaiting ?? MAX_WAITING,
    rejection: () => new CodedError('BUSY', 'The connector has too many requests in progress; try again'),
  });
  const pending = new Set<Promise<void>>();
  const aborting = new Set<AbortController>();
  let verifying = 0;

  async function serve(name: RequestName, payload: unknown, socket: HubSocket): Promise<void> {
    const arrivedAt = performance.now();
    if (verifying >= MAX_VERIFYING) {
      return warn('too many', { request: name }, 'Dropped a request from the hub: too many are waiting for the hub’s keys');
    }
    verifying++;
    const read = await Promise.resolve(socket.readClaims(payload)).finally(() => verifying--);
    if ('refused' in read) return warn('refused', { request: name }, `Dropped a request from the hub: ${read.refused}`);
    const correlationId = pidOf(read.claims);
    if (correlationId === undefined) return warn('no pid', { request: name }, 'Dropped a request from the hub: no valid pid');
    const request: HubRequest = { name, correlationId, ...read, socket, steps: [], arrivedAt };
    answer(request, await outcomeOf(request));
  }

  /** Ends within the time limit, whatever the work does. Never throws. */
  async function outcomeOf(request: HubRequest): Promise<Outcome> {
    const { socket, correlationId } = request;
    const controller = new AbortController();
    const { signal } = controller;
    const onClosed = () => controller.abort(new CodedError('HUB_SOCKET_CLOSED', 'The hub’s connection has ended'));
    const onTimeout = () => controller.abort(new CodedError('REQUEST_TIMEOUT', `No answer within ${requestTimeoutMs} ms`));
    const timer = setTimeout(onTimeout, Math.max(0, request.arrivedAt + requestTimeoutMs - performance.now()));
    socket.closed.addEventListener('abort', onClosed, { once: true });
    if (socket.closed.aborted) onClosed();
    aborting.add(controller);
    try {
      return await semaphore.run(async () => {
        signal.throwIfAborted();
        // Work that ignores its signal is not waited for.
        return await Promise.race([perform(request, signal), aborted(signal)]);
      }, signal);
    } catch (error) {
      if (signal.aborted) return unexpectedFailure(signal.reason);
      if (error instanceof CodedError && error.code === 'BUSY') return undecidedFailure(error, false);
      log.error({ err: error, correlationId }, 'A request failed because of a fault in this program');
      return unexpectedFailure(error);
    } finally {
      clearTimeout(timer);
      socket.closed.removeEventListener('abort', onClosed);
      aborting.delete(controller);
    }
  }

  async function perform({ name, correlationId, claims, socket, steps }: HubRequest, signal: AbortSignal): Promise<Outcome> {
    const context: RequestContext = { correlationId, signal };
    if (socket.knows('steps')) context.onStep = (step) => steps.push(step);
    // Our hub ignores them.
    if (!socket.knows('subject')) context.refusedWithGroups = true;
    switch (name) {
      case 'authenticate_user':
        return await withClaims(name, claims, async (valid) => {
          const outcome = await users.authenticate(valid, context);
          if (socket.knows('subject') && 'profile' in outcome && outcome.subject === undefined) {
            warn(
              'no subject',
              { err: subjectMissing(), correlationId },
              'A user without an immutable id cannot sign in to applications of the hub',
            );
          }
          return outcome;
        });
      case 'search_users':
        return await withClaims(name, claims, (valid) => users.searchUsers(valid, context));
      case 'list_groups':
        return await withClaims(name, claims, (valid) => users.listGroups(valid, context));
      case 'password_times':
        return await withClaims(name, claims, (valid) => users.passwordTimes(valid, context));
      case 'change_password':
        return await withClaims(name, claims, async (valid) => {
          const isReset = valid.oldPassword === undefined;
          if (isReset ? options.resetPasswordEnabled : options.changeOwnPasswordEnabled) return await users.changePassword(valid, context);
          return unexpectedFailure(isReset ? RESET_OFF : SELF_CHANGE_OFF);
        });
    }
  }

  function answer(request: HubRequest, outcome: Outcome): void {
    const { name, correlationId, socket, arrivedAt } = request;
    const isSent = socket.send(frameOf(request, outcome));
    const subject = subjectOf(request.claims);
    const ms = performance.now() - arrivedAt;
    const fields = { ...subject, ...resultOf(outcome), ms: Math.round(ms), correlationId };
    // Not kept for the next connection: a sign-in that is answered a minute late is worse than none.
    if (!isSent) log.warn({ request: name, ...fields }, 'Answer dropped: the hub connection that asked has closed');
    else if (name !== 'authenticate_user') log.info(fields, name);
    else if ('profile' in outcome || 'failure' in outcome) {
      signIns.emit('signIn', { correlationId, user: subject.user ?? '', method: 'hub', outcome, ms });
    }
  }

  return {
    refuse({ name, correlationId }, socket) {
      const tooLong = new CodedError('REQUEST_TOO_LARGE', `The request is longer than ${MAX_REQUEST_FRAME_BYTES} bytes`);
      const payload = encodeAnswer(name, undecidedFailure(tooLong, false), socket.knows, []);
      socket.send(encodeFrame(answerName(name, correlationId), payload));
      warn('too long', { request: name, correlationId }, `Request from the hub rejected: longer than ${MAX_REQUEST_FRAME_BYTES} bytes`);
    },
    handle(name, payload, socket) {
      const served = serve(name, payload, socket)
        .catch((error: unknown) => log.error({ err: error }, 'A request could not be answered'))
        .finally(() => pending.delete(served));
      pending.add(served);
    },
    async idle() {
      while (pending.size > 0) await Promise.all(pending);
    },
    abort() {
      for (const controller of aborting) controller.abort(new CodedError('STOPPING', 'The connector is stopping'));
    },
  };
}

async function withClaims<N extends RequestName>(
  name: N,
  claims: unknown,
  perform: (claims: RequestClaims[N]) => Promise<Outcome>,
): Promise<Outcome> {
  const read = claimsOf(name, claims);
  return 'problem' in read ? unexpectedFailure(new Error(read.problem)) : await perform(read.claims);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

/** A mapper or the directory may have returned too much for a frame, or something that JSON cannot represent. */
function frameOf({ name, correlationId, socket, steps }: HubRequest, outcome: Outcome): string {
  const encode = (encoded: Outcome) => encodeFrame(answerName(name, correlationId), encodeAnswer(name, encoded, socket.knows, steps));
  try {
    const frame = encode(outcome);
    if (Buffer.byteLength(frame) <= MAX_FRAME_BYTES) return frame;
    const message = `The answer is larger than ${MAX_FRAME_BYTES} bytes`;
    return encode(unexpectedFailure(new CodedError('ANSWER_TOO_LARGE', message, { action: 'Send the request with a limit.' })));
  } catch (error) {
    return encode(unexpectedFailure(error));
  }
}

const RESET_OFF = new CodedError('WRITE_BACK_OFF', 'Setting passwords is disabled in this connector (ENABLE_WRITE_BACK)');
const SELF_CHANGE_OFF = new CodedError(
  'SELF_CHANGE_OFF',
  'Changing one’s own password is disabled in this connector (ENABLE_PASSWORD_SELF_CHANGE)',
);

/** Longer than any real user name. */
const MAX_LOGGED_CHARS = 256;

/** What the request is about, for the log. */
function subjectOf({ username, search }: Record<string, unknown>): { user?: string; search?: string } {
  if (typeof username === 'string') return { user: username.slice(0, MAX_LOGGED_CHARS) };
  return typeof search === 'string' ? { search: search.slice(0, MAX_LOGGED_CHARS) } : {};
}

function resultOf(outcome: Outcome): Record<string, unknown> {
  if (!('failure' in outcome)) return { result: 'ok' };
  const { code, wireName, inner } = outcome.failure;
  if (code === 'too_many_attempts') return { result: code };
  return wireName === undefined ? { result: UNEXPECTED_ERROR, inner } : { result: wireName };
}
