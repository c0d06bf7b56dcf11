/** A name and a password that somebody typed: within the limits tried at the directory, and its answer in words for the person. */
import type { AuthenticateAnswer } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { RequestContext, Users } from '../users/users.ts';
import type { Attempts } from './attempts.ts';
import type { Problem } from './pages/languages.ts';
import type { Page } from './pages/page.ts';

export type Signed = Extract<AuthenticateAnswer, { profile: unknown }> & { err?: never };

export interface NotSigned {
  problem: Problem;
  status: Page['status'];
  /** Seconds, for the header of this name. */
  retryAfter?: string;
}

export interface Typed {
  username: string;
  password: string;
  /** Of the person. */
  address: string;
}

export const MAX_NAME_LENGTH = 1024;

/** An unknown name and a wrong password look the same. */
const PROBLEMS: Readonly<Record<string, NotSigned>> = {
  WrongUsername: { problem: 'wrong', status: 401 },
  WrongPassword: { problem: 'wrong', status: 401 },
  PasswordExpired: { problem: 'passwordExpired', status: 401 },
  PasswordChangeRequired: { problem: 'passwordChangeRequired', status: 401 },
  AccountLocked: { problem: 'accountLocked', status: 401 },
  AccountDisabled: { problem: 'accountDisabled', status: 401 },
  AccountExpired: { problem: 'accountExpired', status: 401 },
};

export function createPasswordAttempt(options: {
  users: Pick<Users, 'authenticate'>;
  attempts: Attempts;
  log: Log;
}): (typed: Typed, context: RequestContext) => Promise<Signed | NotSigned> {
  const { users, attempts, log } = options;

  return async ({ username, password, address }, context) => {
    const about = { request: context.correlationId, address, how: 'form', name: username.slice(0, MAX_NAME_LENGTH) };
    if (username === '' || password === '') return { problem: 'empty', status: 401 };
    if (username.length > MAX_NAME_LENGTH) return { problem: 'wrong', status: 401 };
    const attempt = attempts.begin(username, address);
    if ('retryAfterSeconds' in attempt) {
      log.warn(about, 'Too many attempts: the directory is not asked');
      return { problem: 'tooMany', status: 429, retryAfter: String(attempt.retryAfterSeconds) };
    }
    const answer = await users.authenticate({ pid: context.correlationId, username, password, escaped: false }, context);
    if (!('err' in answer)) {
      attempt.right(answer.profile);
      log.info(about, 'Signed in');
      return answer;
    }
    const { name, tried } = answer.err;
    const problem = name === undefined ? undefined : PROBLEMS[name];
    // What the directory says of the account and not of the password is no guess.
    if (tried === false || (problem !== undefined && problem.problem !== 'wrong')) attempt.untried();
    else attempt.wrong(answer.profile);
    log.info({ ...about, reason: name ?? answer.err.message }, 'Not signed in');
    return problem ?? { problem: 'unavailable', status: 503 };
  };
}
