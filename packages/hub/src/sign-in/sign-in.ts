/**
 * The one way by which anybody signs in, whoever asks for it: is the connection on, the guard, a connector, the credential cache where no
 * directory answered, the audit log. Each of these owns its rules; the order, and what follows from an answer, is decided here.
 */
import { randomUUID } from 'node:crypto';
import type { Profile } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { Audit } from '../audit/audit.ts';
import type { CredentialCache } from '../credentials/credentials.ts';
import type { Admission, AttemptEnd, Guard } from '../guard/guard.ts';
import type { FailureCode } from '../requests/failures.ts';
import type { Failure, Requests, Result } from '../requests/requests.ts';
import type { Connection } from '../store/connections.ts';
import { type Attempt, type FinishedSignIn, failureOf, type SignInResult, type Step } from './attempt.ts';
import { createJournal } from './journal.ts';

export type { Attempt, FinishedSignIn, SignInResult, Step } from './attempt.ts';

export interface SignIn {
  login(attempt: Attempt): Promise<SignInResult>;
  /** The person's own change: `password` is the old one, and guarded like a sign-in. */
  changePassword(attempt: Attempt & { newPassword: string }): Promise<SignInResult>;
  /** An administrator's reset: not guarded, and it takes back what counted against the person. */
  resetPassword(reset: PasswordReset): Promise<Result<{ profile: Profile }>>;
  /** A sign-in in which a connector knew the person without the hub: there is no password, and so neither guard nor cache. */
  note(signIn: Omit<FinishedSignIn, 'action'>, detail: string): Promise<void>;
  onFinished(listener: (finished: FinishedSignIn) => void): void;
}

export interface PasswordReset {
  connection: Connection;
  username: string;
  newPassword: string;
  /** Of whom demands it, as in the audit log. */
  actor: string;
  remoteAddress: string | undefined;
}

/** Nothing was found out about the password, and it is not being found out now. */
const NO_DIRECTORY: readonly FailureCode[] = ['connector_offline', 'directory_unavailable', 'connector_timeout'];
/** The password may have been tried all the same. */
const MAYBE_TRIED: readonly FailureCode[] = ['connector_lost', 'connector_timeout'];
/** After these the directory lets nobody in with the password that is kept. */
const ENDS_CACHED: readonly FailureCode[] = [
  'account_disabled',
  'account_expired',
  'account_locked',
  'password_expired',
  'password_change_required',
];

type Answer = { correlationId?: string | undefined; instance?: string | undefined } & (
  | { profile: Profile; from: 'directory' }
  | { profile: Profile; from: 'cache'; cachedAt: Date; instead: Failure }
  | { failure: Failure; retryAfterSeconds?: number; detail?: string }
);

export function createSignIn(parts: {
  requests: Requests;
  guard: Guard<Failure>;
  credentials: CredentialCache;
  audit: Audit;
  log: Log;
}): SignIn {
  const { requests, guard, credentials, audit, log } = parts;
  const journal = createJournal(audit, log);

  /** What the directory said about this person counts for what is kept. */
  async function heedRejection({ connection, username, password }: Attempt, failure: Failure): Promise<void> {
    const noteForgotten = () => {
      const event = { actor: 'hub', action: 'credentials.forget', connection: connection.name, subject: username, result: 'ok' };
      audit.record({ ...event, detail: `the directory answered ${failure.connectorError ?? failure.code}` }).catch(report);
    };
    const forget = async () => {
      if (await credentials.forget(connection, username, failure.profile)) noteForgotten();
    };
    if (ENDS_CACHED.includes(failure.code)) await forget();
    // Nothing of these is waited for: an unknown name and a wrong password have to take the same time.
    else if (failure.connectorError === 'WrongUsername') forget().catch(report);
    else if (failure.code === 'invalid_credentials') credentials.forgetPassword(connection, username, password, noteForgotten);
  }

  function report(error: unknown): void {
    log.error({ err: error }, 'What followed from a rejected sign-in failed');
  }

  /** Asks, with the cache behind it, and says what the answer means for the guard. */
  async function askDirectory(
    attempt: Attempt,
    ask: () => Promise<Result<{ profile: Profile }>>,
    mayUseCache: boolean,
    { steps, timed }: Way,
  ): Promise<{ answer: Answer; end: AttemptEnd; profile: Profile | undefined }> {
    const { connection, username, password } = attempt;
    const asked = await ask();
    steps.push(...asked.steps);
    const about = { correlationId: asked.pid, instance: asked.instance };
    if (!('failure' in asked)) {
      return { answer: { ...about, profile: asked.profile, from: 'directory' }, end: 'right', profile: asked.profile };
    }
    const { failure } = asked;
    if (mayUseCache && NO_DIRECTORY.includes(failure.code)) {
      const found = await timed('cache', () => credentials.find(connection, username, password), outcomeOfCache);
      if (typeof found === 'object') {
        const { profile, cachedAt } = found;
        return { answer: { ...about, profile, from: 'cache', cachedAt, instead: failure }, end: 'right', profile };
      }
      return { answer: { ...about, failure }, end: found === 'other-password' ? 'mismatched' : 'unanswered', profile: undefined };
    }
    await heedRejection(attempt, failure);
    const end = failure.code === 'invalid_credentials' ? 'wrong' : MAYBE_TRIED.includes(failure.code) ? 'unanswered' : 'not-counted';
    return { answer: { ...about, failure }, end, profile: failure.profile };
  }

  async function decide(
    attempt: Attempt,
    ask: () => Promise<Result<{ profile: Profile }>>,
    mayUseCache: boolean,
    way: Way,
  ): Promise<Answer> {
    const { connection, username, password, remoteAddress } = attempt;
    if (!connection.enabled) return { failure: failureOf('connection_disabled') };
    // It would be an anonymous bind, which succeeds in many directories.
    if (password === '') return { failure: failureOf('invalid_credentials'), detail: 'without a password' };
    const admission = await way.timed(
      'guard',
      () => guard.admit({ connectionId: connection.id, username, password, remoteAddress }),
      ({ kind }) => kind,
    );
    if (admission.kind !== 'admitted') return unaskedAnswer(admission);
    let asked: Awaited<ReturnType<typeof askDirectory>> | undefined;
    try {
      asked = await askDirectory(attempt, ask, mayUseCache, way);
      return asked.answer;
    } finally {
      const failure = asked !== undefined && 'failure' in asked.answer ? asked.answer.failure : failureOf('connector_error');
      admission.end(asked?.end ?? 'not-counted', asked?.profile, failure);
    }
  }

  async function signIn(
    action: FinishedSignIn['action'],
    attempt: Attempt,
    ask: () => Promise<Result<{ profile: Profile }>>,
  ): Promise<SignInResult> {
    const startedAt = performance.now();
    const way = newWay();
    const answer = await decide(attempt, ask, action === 'login', way);
    const { connection, username, remoteAddress, via, clientId } = attempt;
    const correlationId = answer.correlationId ?? randomUUID();
    const about = { correlationId, instance: answer.instance, ms: since(startedAt), steps: way.steps };
    const result = 'failure' in answer ? answer.failure.code : answer.from === 'cache' ? 'ok_from_cache' : 'ok';
    const finished = { action, connection: connection.name, username, remoteAddress, via, clientId, result, ...about } as const;
    if (answer.correlationId === undefined || result === 'ok_from_cache') {
      log.info({ pid: correlationId, connection: connection.name, result, ms: about.ms }, 'Login without a directory');
    }
    if ('failure' in answer) {
      await journal.finished(finished, answer.detail);
      const { failure, retryAfterSeconds } = answer;
      return { ...about, failure, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
    }
    const { profile, from } = answer;
    if (answer.from === 'directory') {
      if (action === 'login') credentials.remember(connection, username, attempt.password, profile);
      await journal.finished(finished, undefined);
      return { ...about, profile, from };
    }
    try {
      await journal.finished(finished, `as the directory said at ${answer.cachedAt.toISOString()}; now ${answer.instead.code}`);
    } catch {
      // Nobody signs in from the cache unseen.
      return { ...about, failure: answer.instead };
    }
    return { ...about, profile, from, cachedAt: answer.cachedAt };
  }

  return {
    login: (attempt) => signIn('login', attempt, () => requests.login(attempt.connection, attempt.username, attempt.password)),
    async changePassword({ newPassword, ...attempt }) {
      const { connection, username, password } = attempt;
      const result = await signIn('password.change', attempt, () =>
        requests.changeOwnPassword(connection, username, { oldPassword: password, newPassword }),
      );
      if ('profile' in result) await credentials.forget(connection, username, result.profile);
      return result;
    },
    async resetPassword({ connection, username, newPassword, actor, remoteAddress }) {
      const result = await requests.resetPassword(connection, username, newPassword);
      if ('profile' in result) {
        await credentials.forget(connection, username, result.profile);
        guard.forgive(connection.id, username, result.profile);
      }
      await audit.record({
        actor,
        action: 'password.reset',
        connection: connection.name,
        subject: username,
        remoteAddress,
        instance: result.instance,
        result: 'failure' in result ? result.failure.code : 'ok',
        correlationId: result.pid,
      });
      return result;
    },
    note: (signIn, detail) => journal.finished({ action: 'login', ...signIn }, detail),
    onFinished: journal.onFinished,
  };
}

function unaskedAnswer(admission: Exclude<Admission<Failure>, { kind: 'admitted' }>): Answer {
  switch (admission.kind) {
    case 'limited':
      return { failure: failureOf('too_many_attempts'), retryAfterSeconds: admission.retryAfterSeconds };
    case 'known-wrong':
      return { failure: failureOf('invalid_credentials'), detail: 'the same wrong password again: the directory was not asked' };
    case 'shared':
      return { failure: admission.answer, detail: 'answered like the same attempt at the same time' };
  }
}

/** The way that a sign-in takes, noted part by part: how long, and how it ended. */
interface Way {
  readonly steps: Step[];
  timed<T>(name: string, work: () => Promise<T>, outcome: (result: T) => string): Promise<T>;
}

function newWay(): Way {
  const steps: Step[] = [];
  return {
    steps,
    async timed(name, work, outcome) {
      const startedAt = performance.now();
      const result = await work();
      steps.push({ name, ms: since(startedAt), outcome: outcome(result) });
      return result;
    },
  };
}

function since(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 10) / 10;
}

function outcomeOfCache(found: object | 'other-password' | undefined): string {
  return typeof found === 'object' ? 'found' : (found ?? 'nothing');
}
