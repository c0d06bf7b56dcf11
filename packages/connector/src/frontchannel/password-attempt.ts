/** Tries a name and password from the form in the directory, within the limits, and turns the answer into a problem that the user can read. */
import type { FailureCode, KnownUser } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { RequestContext } from '../users/context.ts';
import type { ConnectorSignInEvents } from '../users/sign-in-events.ts';
import type { Users } from '../users/users.ts';
import type { Attempts } from './attempts.ts';
import type { FrontChannelPage } from './pages/page.ts';
import type { FormProblem } from './pages/pages.ts';

export interface PasswordRejection {
  problem: FormProblem;
  status: FrontChannelPage['status'];
  /** In seconds, for the header of this name. */
  retryAfter?: string;
}

export const MAX_NAME_LENGTH = 1024;
const MAX_LOGGED_LENGTH = 256;

/** An unknown name and a wrong password look the same. */
const PROBLEMS: Partial<Record<FailureCode, FormProblem>> = {
  invalid_credentials: 'wrong',
  password_expired: 'passwordExpired',
  password_change_required: 'passwordChangeRequired',
  account_locked: 'accountLocked',
  too_many_attempts: 'tooMany',
  account_disabled: 'accountDisabled',
  account_expired: 'accountExpired',
};

export function createPasswordAttempt(options: {
  users: Pick<Users, 'authenticate'>;
  signIns: ConnectorSignInEvents;
  attempts: Attempts;
  log: Log;
}): (typed: { username: string; password: string; address: string }, context: RequestContext) => Promise<KnownUser | PasswordRejection> {
  const { users, signIns, attempts, log } = options;

  return async ({ username, password, address }, context) => {
    const { correlationId } = context;
    if (username === '' || password === '') return { problem: 'empty', status: 401 };
    if (username.length > MAX_NAME_LENGTH) return { problem: 'wrong', status: 401 };
    const attempt = attempts.begin(username, address);
    if ('retryAfterSeconds' in attempt) {
      log.warn({ correlationId, address, user: username.slice(0, MAX_LOGGED_LENGTH) }, 'Too many attempts; directory not asked');
      return { problem: 'tooMany', status: 429, retryAfter: String(attempt.retryAfterSeconds) };
    }
    const startedAt = performance.now();
    const outcome = await users.authenticate({ pid: correlationId, username, password, escaped: false }, context);
    signIns.emit('signIn', { correlationId, user: username, method: 'form', address, outcome, ms: performance.now() - startedAt });
    if (!('failure' in outcome)) {
      attempt.right(outcome);
      return outcome;
    }
    const { code, tried, retryAfterSeconds } = outcome.failure;
    const problem = PROBLEMS[code];
    // An answer about the account rather than the password does not help a guesser.
    if (tried === false || (problem !== undefined && problem !== 'wrong')) attempt.untried();
    else attempt.wrong(outcome.failure);
    if (problem === undefined) return { problem: 'unavailable', status: 503 };
    if (problem !== 'tooMany') return { problem, status: 401 };
    return { problem, status: 429, ...(retryAfterSeconds === undefined ? {} : { retryAfter: String(retryAfterSeconds) }) };
  };
}
