/**
 * From a request on the socket to `users` and back: the token is checked, the claims are read, the work is done within bounds of
 * number and time, and exactly one answer goes to the socket that asked.
 */
import {
  type AuthenticateAnswer,
  answerName,
  type Capability,
  claimsOf,
  encodeFrame,
  MAX_FRAME_BYTES,
  pidOf,
  type RequestClaims,
  type RequestName,
  requestPayload,
  type Step,
  UNEXPECTED_ERROR,
  type WireError,
} from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import { undecided, unexpected } from '../users/answers.ts';
import type { RequestContext, Users } from '../users/users.ts';
import type { RequestClaimsRead } from './request-claims.ts';
import type { warnSeldom } from './warn-seldom.ts';

/** At most so many requests are in work. More would only wait in front of the directory instead of here. */
const MAX_IN_WORK = 256;
/** So many more may wait; at 1,000 logins a second they wait a second. What comes beyond is told at once that it has to come back. */
const MAX_WAITING = 1024;
/** So many tokens may be under check: it takes microseconds, except while the hub's JWKS document is fetched. */
const MAX_CHECKING = 2048;
/** From a request's arrival to its answer, waiting included. Hubs give up at about this time, too. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** The socket that a request came in by. */
export interface Asker {
  /** @returns false where the socket is gone; the frame is then dropped */
  send(frame: string): boolean;
  /** Aborted when the socket is gone. */
  readonly gone: AbortSignal;
  /** Checks a request's token with the keys that hold for this socket. */
  readClaims(jwt: string): Promise<RequestClaimsRead>;
  /** What the hub at its other end said that it understands. */
  knows(capability: Capability): boolean;
  /** Signs an answer with this socket's key. */
  sign(frameName: string, payload: unknown): unknown;
}

/** What a hub may ask for. */
export type HubUsers = Pick<Users, 'authenticate' | 'searchUsers' | 'listGroups' | 'changePassword'>;

export interface Dispatch {
  /** Takes a request; its answer is sent later. Never throws. */
  handle(name: RequestName, payload: unknown, asker: Asker): void;
  /** Resolves when nothing is in work or waiting any more. */
  idle(): Promise<void>;
  /** Aborts all that is in work or waiting: each is answered with an error. */
  abort(): void;
}

interface Request {
  name: RequestName;
  pid: string;
  claims: Record<string, unknown>;
  /** So is the answer signed. */
  sealed: boolean;
  asker: Asker;
  /** The way it took, for hubs that want to know. */
  steps: Step[];
  controller: AbortController;
  arrivedAt: number;
}

type Answer = AuthenticateAnswer | { users: unknown[] } | { groups: unknown[] } | { err: WireError };

export function createDispatch(options: {
  users: HubUsers;
  log: Log;
  warn: ReturnType<typeof warnSeldom>;
  resetPasswordEnabled: boolean;
  changeOwnPasswordEnabled: boolean;
  requestTimeoutMs: number;
  maxInWork?: number;
  maxWaiting?: number;
}): Dispatch {
  const { users, log, warn, requestTimeoutMs } = options;
  const maxInWork = options.maxInWork ?? MAX_IN_WORK;
  const maxWaiting = options.maxWaiting ?? MAX_WAITING;
  /** Everything that has arrived and is not answered yet. */
  const unanswered = new Set<Request>();
  const waiting: Request[] = [];
  let inWork = 0;
  let checking = 0;
  const whenIdle: (() => void)[] = [];

  async function receive(name: RequestName, payload: unknown, asker: Asker): Promise<void> {
    const arrivedAt = performance.now();
    const parsed = requestPayload.safeParse(payload);
    if (!parsed.success) return warn('no token', { request: name }, 'A request of the hub has no token and is not answered');
    if (checking >= MAX_CHECKING) return warn('too many', { request: name }, 'Too many requests wait for the hub’s keys; dropped');
    checking++;
    const read = await asker.readClaims(parsed.data.jwt).finally(() => checking--);
    try {
      accept(name, read, asker, arrivedAt);
    } finally {
      noticeIdle();
    }
  }

  function accept(name: RequestName, read: RequestClaimsRead, asker: Asker, arrivedAt: number): void {
    if ('refused' in read) {
      return warn('refused', { request: name }, `A request of the hub cannot be verified and is not answered: ${read.refused}`);
    }
    const { claims, sealed } = read;
    const pid = pidOf(claims);
    if (pid === undefined) return warn('no pid', { request: name }, 'A request of the hub has no usable pid and cannot be answered');
    const request: Request = { name, pid, claims, sealed, asker, steps: [], controller: new AbortController(), arrivedAt };
    unanswered.add(request);
    if (inWork < maxInWork) start(request);
    else if (waiting.length < maxWaiting) waiting.push(request);
    else answer(request, undecided(new CodedError('BUSY', 'The connector has too many requests in work; try again'), false));
  }

  async function work(request: Request): Promise<void> {
    inWork++;
    const { asker, controller } = request;
    const onGone = () => controller.abort(new CodedError('ASKER_GONE', 'The hub’s connection has ended'));
    const onTimeout = () => controller.abort(new CodedError('REQUEST_TIMEOUT', `No answer within ${requestTimeoutMs} ms`));
    asker.gone.addEventListener('abort', onGone, { once: true });
    const leftMs = request.arrivedAt + requestTimeoutMs - performance.now();
    const timer = setTimeout(onTimeout, Math.max(0, leftMs));
    try {
      if (asker.gone.aborted) onGone();
      else if (leftMs <= 0) onTimeout();
      // Whoever does not obey the signal in time is not waited for: the answer must go out.
      const result = controller.signal.aborted ? undefined : perform(request);
      const outcome = await Promise.race([result, aborted(controller.signal)]);
      answer(request, outcome ?? unexpected(controller.signal.reason));
    } catch (error) {
      log.error({ err: error, pid: request.pid }, 'A request failed by a fault of this program');
      answer(request, unexpected(error));
    } finally {
      clearTimeout(timer);
      asker.gone.removeEventListener('abort', onGone);
      inWork--;
      startNext();
    }
  }

  function start(request: Request): void {
    // `work` answers whatever happens; what it cannot even answer is a fault of the log or the socket.
    work(request).catch((error: unknown) => log.error({ err: error }, 'A request could not be answered'));
  }

  function startNext(): void {
    const next = waiting.shift();
    if (next !== undefined) start(next);
    else noticeIdle();
  }

  function noticeIdle(): void {
    if (unanswered.size === 0 && checking === 0) for (const resolve of whenIdle.splice(0)) resolve();
  }

  async function perform({ name, pid, claims, controller, asker, steps }: Request): Promise<Answer> {
    const context: RequestContext = { correlationId: pid, signal: controller.signal };
    if (asker.knows('steps')) context.onStep = (step) => steps.push(step);
    switch (name) {
      case 'authenticate_user':
        return await withClaims(name, claims, (valid) => users.authenticate(valid, context));
      case 'search_users':
        return await withClaims(name, claims, (valid) => users.searchUsers(valid, context));
      case 'list_groups':
        return await withClaims(name, claims, (valid) => users.listGroups(valid, context));
      case 'change_password':
        return await withClaims(name, claims, async (valid) => {
          const isReset = valid.oldPassword === undefined;
          if (isReset ? options.resetPasswordEnabled : options.changeOwnPasswordEnabled) return await users.changePassword(valid, context);
          return unexpected(isReset ? RESET_OFF : SELF_CHANGE_OFF);
        });
    }
  }

  function answer(request: Request, payload: Answer): void {
    const { name, pid, asker } = request;
    unanswered.delete(request);
    const frame = frameOf(request, answerName(name, pid), payload);
    const fields = { ...asked(request.claims), ...resultOf(payload), ms: Math.round(performance.now() - request.arrivedAt), pid };
    if (asker.send(frame)) log.info(fields, name);
    // Not kept for the next connection: a login that is answered a minute late is worse than none.
    else log.warn(fields, 'The answer is dropped: the connection that asked for it is gone');
  }

  return {
    handle(name, payload, asker) {
      receive(name, payload, asker).catch((error: unknown) => log.error({ err: error }, 'A request of the hub could not be taken'));
    },
    idle() {
      return new Promise((resolve) => {
        whenIdle.push(resolve);
        noticeIdle();
      });
    },
    abort() {
      for (const request of unanswered) request.controller.abort(new CodedError('STOPPING', 'The connector is stopping'));
    },
  };
}

async function withClaims<N extends RequestName>(
  name: N,
  claims: unknown,
  perform: (claims: RequestClaims[N]) => Promise<Answer>,
): Promise<Answer> {
  const read = claimsOf(name, claims);
  return 'problem' in read ? unexpected(new Error(read.problem)) : await perform(read.claims);
}

/** Resolves with undefined when the signal is aborted. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** What a mapper or the directory made of an answer may be too much for a frame, or nothing that JSON can say. */
function frameOf(request: Request, name: string, payload: Answer): string {
  const encode = (answer: object) => encodeFrame(name, request.sealed ? request.asker.sign(name, answer) : answer);
  try {
    const frame = encode(asUnderstood(request, payload));
    if (Buffer.byteLength(frame) <= MAX_FRAME_BYTES) return frame;
    const message = `The answer is larger than ${MAX_FRAME_BYTES} bytes`;
    return encode(unexpected(new CodedError('ANSWER_TOO_LARGE', message, { action: 'Ask with a limit.' })));
  } catch (error) {
    return encode(unexpected(error));
  }
}

/** Without our additions where the hub does not know them, and with those that it does. */
function asUnderstood({ asker, name, steps }: Request, payload: Answer): object {
  let answer: object = payload;
  if ('err' in payload && !asker.knows('reasons')) {
    const { reason: _reason, tried: _tried, ...err } = payload.err;
    answer = { ...payload, err };
  }
  return name === 'authenticate_user' && asker.knows('steps') ? { ...answer, steps } : answer;
}

const RESET_OFF = new CodedError('WRITE_BACK_OFF', 'Setting passwords is switched off in this connector (ENABLE_WRITE_BACK)');
const SELF_CHANGE_OFF = new CodedError(
  'SELF_CHANGE_OFF',
  'Changing one’s own password is switched off in this connector (ENABLE_PASSWORD_SELF_CHANGE)',
);

/** Names that people typed, for the log: never longer than a name is. */
const MAX_LOGGED_CHARS = 256;

function asked(claims: Record<string, unknown>): Record<string, unknown> {
  const { username, search } = claims;
  if (typeof username === 'string') return { user: username.slice(0, MAX_LOGGED_CHARS) };
  return typeof search === 'string' ? { search: search.slice(0, MAX_LOGGED_CHARS) } : {};
}

function resultOf(payload: Answer): Record<string, unknown> {
  if (!('err' in payload)) return { result: 'ok' };
  const { name, inner } = payload.err;
  return name === undefined ? { result: UNEXPECTED_ERROR, inner } : { result: name };
}
