/** Sign-ins as events, from the hub and from the front channel alike. The log subscribes first, so no other subscriber depends on the log's level. */
import { EventEmitter } from 'node:events';
import { FAILURES, type SignInOutcome, UNEXPECTED_ERROR } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { VerifiedIdentity } from './sign-in-verified.ts';

export interface ConnectorSignInEvent {
  correlationId: string;
  /** As typed, or as a ticket, certificate or header names the user. */
  user: string;
  method: 'hub' | 'form' | VerifiedIdentity['method'];
  /** Of the user's browser, if it came to this connector. */
  address?: string;
  outcome: SignInOutcome;
  ms: number;
}

export type ConnectorSignInEvents = EventEmitter<{ signIn: [ConnectorSignInEvent] }>;

export function createConnectorSignInEvents(log: Log): ConnectorSignInEvents {
  const events: ConnectorSignInEvents = new EventEmitter();
  events.on('signIn', ({ outcome, user, ms, ...others }) => {
    const result = signInResult(outcome);
    const inner = 'failure' in outcome ? outcome.failure.inner : undefined;
    // Longer than any real user name.
    const fields = { user: user.slice(0, 256), result, inner, ms: Math.round(ms), ...others };
    log.info(fields, { ok: 'Signed in', refused: 'Sign-in rejected', failed: 'Sign-in failed' }[signInCategory(outcome)]);
  });
  return events;
}

/** @returns `ok`, the contract's name for the refusal, `too_many_attempts`, `denied`, or `Unexpected Error` */
export function signInResult(outcome: SignInOutcome): string {
  if (!('failure' in outcome)) return 'ok';
  const { code, wireName, denied } = outcome.failure;
  if (denied) return 'denied';
  return code === 'too_many_attempts' ? code : (wireName ?? UNEXPECTED_ERROR);
}

export function signInCategory(outcome: SignInOutcome): 'ok' | 'refused' | 'failed' {
  return 'failure' in outcome ? FAILURES[outcome.failure.code].category : 'ok';
}
