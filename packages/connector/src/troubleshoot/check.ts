/** What a check is, and what comes of one. */
import { CodedError, errorText } from '@landbridge/runtime';
import type { CheckId } from './catalogue.ts';

export interface Check {
  readonly id: CheckId;
  /** Which one, where there are several of a kind: a server, a host. */
  readonly target?: string;
  /** Runs only where each of these passed, or passed with a warning. */
  readonly needs?: readonly Check[];
  /** Runs only where at least one of these did. */
  readonly needsAny?: readonly Check[];
  /** 15 s by default. */
  readonly timeoutMs?: number;
  /** An error that is thrown is a failure that says what the error says. */
  run(signal: AbortSignal): CheckOutcome | Promise<CheckOutcome>;
}

export type CheckOutcome =
  | {
      status: 'pass' | 'warn' | 'fail';
      found: string;
      action?: string | undefined;
      /** Checks that are known only now; they stand after this one. */
      then?: readonly Check[];
    }
  | { status: 'skipped'; because: string };

/** For people and machines: no part of it holds a secret. */
export interface CheckResult {
  id: CheckId;
  title: string;
  target: string | undefined;
  tried: string;
  status: CheckOutcome['status'];
  /** What was found, or why it was skipped. */
  found: string;
  /** What to do about it. */
  action: string | undefined;
  /** The check for which this one was skipped. */
  because: { id: CheckId; target: string | undefined } | undefined;
  ms: number;
}

export function pass(found: string, then?: readonly Check[]): CheckOutcome {
  return { status: 'pass', found, ...(then && { then }) };
}

export function warn(found: string, action?: string, then?: readonly Check[]): CheckOutcome {
  return { status: 'warn', found, action, ...(then && { then }) };
}

export function fail(found: string, action?: string): CheckOutcome {
  return { status: 'fail', found, action };
}

export function skipped(because: string): CheckOutcome {
  return { status: 'skipped', because };
}

/** @param error of any kind; ours say what to do, others only what happened */
export function failedBy(error: unknown): CheckOutcome & { status: 'fail' } {
  const code = error instanceof CodedError ? `${error.code}: ` : '';
  return { status: 'fail', found: `${code}${errorText(error)}`, action: error instanceof CodedError ? error.action : undefined };
}
