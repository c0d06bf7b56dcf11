/**
 * Every sign-in goes through here, whichever page or API asks for it: connection enabled, guard, connector, the credential cache if no
 * directory answers, event. Each of these owns its rules; the order, and what follows from an answer, is decided here.
 */
import { randomUUID } from 'node:crypto';
import { FAILURES, type Failure, type FailureCode, msSince, type SignInOutcome, type Step, timed } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { Audit } from '../audit/audit.ts';
import { BUSY_SECONDS, type CredentialCache } from '../credentials/credentials.ts';
import type { Outages } from '../credentials/outages.ts';
import type { Admission, AttemptEnd, Guard } from '../guard/guard.ts';
import type { Requests, Traced } from '../requests/requests.ts';
import type { Connection } from '../store/connections.ts';
import type { SignInEvent, SignInEvents } from './events.ts';

export interface SignInAttempt {
  connection: Connection;
  /** As typed. */
  username: string;
  password: string;
  /** The user's. Undefined if only an application's server is known: then no address is limited. */
  remoteAddress: string | undefined;
  via: Exclude<SignInEvent['via'], 'front-channel'>;
  clientId?: string | undefined;
  /** This user has signed in with the same browser before. */
  isFamiliarBrowser?: boolean | undefined;
}

/** For the audit log. The user is told that the name or password is wrong. */
const AMBIGUOUS = 'several users have this name, so it counts as unknown';

export type SignInResult = Traced<SignInOutcome>;

export interface SignIn {
  login(attempt: SignInAttempt): Promise<SignInResult>;
  /** The user's own change: `password` is the old one, and guarded like a sign-in. */
  changePassword(attempt: SignInAttempt & { newPassword: string }): Promise<SignInResult>;
  /** An administrator's reset: not guarded, and it clears what counted against the user. */
  resetPassword(reset: PasswordReset): Promise<SignInResult>;
}

export interface PasswordReset {
  connection: Connection;
  username: string;
  newPassword: string;
  /** Who resets it, as in the audit log. */
  actor: string;
  remoteAddress: string | undefined;
}

interface Decision {
  outcome: SignInOutcome;
  /** Undefined if no connector was asked for. */
  asked?: SignInResult;
  /** For the audit log. */
  detail?: string;
}

export function createSignIn(parts: {
  requests: Requests;
  guard: Guard;
  credentials: CredentialCache;
  outages: Outages;
  events: SignInEvents;
  audit: Audit;
  log: Log;
}): SignIn {
  const { requests, guard, credentials, outages, events, audit, log } = parts;

  /** Removes the cached credential of a user whom the directory rejected. */
  async function handleRejection({ connection, username, password }: SignInAttempt, failure: Failure): Promise<void> {
    const noteForgotten = () => {
      const event = { actor: 'hub', action: 'credentials.forget', connection: connection.name, subject: username, result: 'ok' };
      audit.record({ ...event, detail: `the directory answered ${failure.wireName ?? failure.code}` }).catch(report);
    };
    const forget = async () => {
      if (await credentials.forget(connection, username, failure.subject)) noteForgotten();
    };
    if (FAILURES[failure.code].endsCachedCredential) await forget();
    // Neither of these is awaited: an unknown name and a wrong password must take the same time.
    else if (failure.wireName === 'WrongUsername') forget().catch(report);
    else if (failure.code === 'invalid_credentials') credentials.forgetPassword(connection, username, password, noteForgotten);
  }

  function report(error: unknown): void {
    log.error({ err: error }, 'Credential cache not updated after a rejected sign-in');
  }

  async function decide(attempt: SignInAttempt, ask: () => Promise<SignInResult>, mayUseCache: boolean, steps: Step[]): Promise<Decision> {
    const { connection, username, password, remoteAddress, isFamiliarBrowser } = attempt;
    const onStep = (step: Step) => steps.push(step);
    if (!connection.enabled) return { outcome: failed('connection_disabled') };
    // It would be an anonymous bind, which succeeds in many directories.
    if (password === '') return { outcome: failed('invalid_credentials'), detail: 'without a password' };
    const admission = await timed(
      onStep,
      'guard',
      () => guard.admit({ connectionId: connection.id, username, password, remoteAddress, isFamiliarBrowser }),
      ({ kind }) => kind,
    );
    if (admission.kind !== 'admitted') return notAdmitted(admission);
    let outcome: SignInOutcome = failed('connector_error');
    let end: AttemptEnd = 'not-counted';
    try {
      const asked = await ask();
      outcome = asked;
      steps.push(...asked.steps);
      if ('profile' in asked) {
        end = 'right';
        outages.over(connection);
        return { outcome, asked };
      }
      const { failure } = asked;
      const { allowsCache, maybeTried, category } = FAILURES[failure.code];
      if (category === 'refused') outages.over(connection);
      if (!mayUseCache || !allowsCache) {
        end = failure.code === 'invalid_credentials' ? 'wrong' : maybeTried ? 'unanswered' : 'not-counted';
        await handleRejection(attempt, failure);
        return failure.isAmbiguous ? { outcome, asked, detail: AMBIGUOUS } : { outcome, asked };
      }
      const refusal = outages.refusal(connection, failure.code);
      if (refusal !== undefined) {
        end = maybeTried ? 'unanswered' : 'not-counted';
        return { outcome, asked, detail: refusal };
      }
      const cached = await timed(
        onStep,
        'cache',
        () => credentials.find(connection, username, password),
        (found) => (typeof found === 'object' ? 'found' : (found ?? 'nothing')),
      );
      end = typeof cached === 'object' ? 'right' : cached === 'other-password' ? 'mismatched' : 'unanswered';
      if (cached === 'busy') {
        outcome = { failure: { code: 'connector_busy', retryAfterSeconds: BUSY_SECONDS } };
        return { outcome, asked, detail: `the credential cache is busy with other passwords; now ${failure.code}` };
      }
      if (typeof cached !== 'object') return { outcome, asked };
      outcome = cached;
      return { outcome, asked, detail: `as the directory said at ${cached.cachedAt.toISOString()}; now ${failure.code}` };
    } finally {
      admission.end(end, outcome);
    }
  }

  async function signIn(action: SignInEvent['action'], attempt: SignInAttempt, ask: () => Promise<SignInResult>): Promise<SignInResult> {
    const startedAt = performance.now();
    const steps: Step[] = [];
    const { outcome: decided, asked, detail } = await decide(attempt, ask, action === 'login', steps);
    const { connection, username, password, remoteAddress, via, clientId } = attempt;
    // The API only reports whether the password is right, and its caller sees that the id is missing. Applications identify users only by this id.
    const isUnidentified = action === 'login' && via !== 'api' && 'profile' in decided && decided.subject === undefined;
    const outcome = isUnidentified ? failed('user_without_id') : decided;
    const trace = { correlationId: asked?.correlationId ?? randomUUID(), instance: asked?.instance, ms: msSince(startedAt), steps };
    const failure = 'failure' in outcome ? outcome.failure : undefined;
    const isCached = 'profile' in outcome && outcome.cachedAt !== undefined;
    if ('profile' in outcome && !isCached && action === 'login') credentials.remember(connection, username, password, outcome);
    try {
      await events.emit({
        ...{ action, connection: connection.name, username, remoteAddress, via, clientId, detail },
        result: failure?.code ?? (isCached ? 'ok_from_cache' : 'ok'),
        connectorError: failure?.wireName,
        ...{ correlationId: trace.correlationId, instance: trace.instance, ms: trace.ms },
      });
    } catch (error) {
      if (!isCached || asked === undefined || !('failure' in asked)) throw error;
      // No user signs in from the cache unrecorded.
      return { ...trace, failure: asked.failure };
    }
    return 'profile' in outcome
      ? { ...trace, profile: outcome.profile, subject: outcome.subject, cachedAt: outcome.cachedAt }
      : { ...trace, failure: outcome.failure };
  }

  return {
    login: (attempt) => signIn('login', attempt, () => requests.login(attempt.connection, attempt.username, attempt.password)),
    async changePassword({ newPassword, ...attempt }) {
      const { connection, username, password } = attempt;
      const result = await signIn('password.change', attempt, () =>
        requests.changeOwnPassword(connection, username, { oldPassword: password, newPassword }),
      );
      if ('profile' in result) await credentials.forget(connection, username, result.subject);
      return result;
    },
    async resetPassword({ connection, username, newPassword, actor, remoteAddress }) {
      const result = await requests.resetPassword(connection, username, newPassword);
      if ('profile' in result) {
        await credentials.forget(connection, username, result.subject);
        guard.forgive(connection.id, username, result);
      }
      await audit.record({
        actor,
        action: 'password.reset',
        connection: connection.name,
        subject: username,
        remoteAddress,
        instance: result.instance,
        result: 'failure' in result ? result.failure.code : 'ok',
        correlationId: result.correlationId,
        detail: 'failure' in result && result.failure.isAmbiguous ? AMBIGUOUS : undefined,
      });
      return result;
    },
  };
}

function notAdmitted(admission: Exclude<Admission, { kind: 'admitted' }>): Decision {
  switch (admission.kind) {
    case 'limited':
      return { outcome: { failure: { code: 'too_many_attempts', retryAfterSeconds: admission.retryAfterSeconds } } };
    case 'known-wrong':
      return { outcome: failed('invalid_credentials'), detail: 'the same wrong password again: the directory was not asked' };
    case 'shared':
      return { outcome: { failure: admission.failure }, detail: 'answered like the same attempt at the same time' };
  }
}

function failed(code: FailureCode): { failure: Failure } {
  return { failure: { code } };
}
