/** A check and its result. */
import { CodedError, errorText, networkAdvice } from '@landbridge/runtime';
import type { OfferedCertificate } from '../network/seen-certificate.ts';
import type { CheckId } from './catalogue.ts';

export interface Check {
  readonly id: CheckId;
  /** The server or host, if there are several checks with this id. */
  readonly target?: string;
  /** Runs only if each of these passed, with or without a warning. */
  readonly needs?: readonly Check[];
  /** Runs only if at least one of these passed. */
  readonly needsAny?: readonly Check[];
  /** 15 s by default. */
  readonly timeoutMs?: number;
  /** A thrown error is a failure with the error's message. */
  run(signal: AbortSignal): CheckOutcome | Promise<CheckOutcome>;
}

export type CheckOutcome =
  | {
      status: 'pass' | 'warn' | 'fail';
      found: string;
      action?: string | undefined;
      /** A certificate of an unknown issuer, which the administrator may trust. */
      offered?: OfferedCertificate | undefined;
      /** Further checks that this one found; their results follow it. */
      then?: readonly Check[];
    }
  | { status: 'skipped'; because: string };

/** Holds no secrets. */
export interface CheckResult {
  id: CheckId;
  title: string;
  target: string | undefined;
  tried: string;
  status: CheckOutcome['status'];
  /** What was found, or why it was skipped. */
  found: string;
  action: string | undefined;
  /** A certificate of an unknown issuer, which the administrator may trust. */
  offered?: OfferedCertificate;
  /** The check that caused the skip. */
  because: { id: CheckId; target: string | undefined } | undefined;
  ms: number;
}

export function pass(found: string, then?: readonly Check[]): CheckOutcome {
  return { status: 'pass', found, ...(then && { then }) };
}

export function warn(found: string, action?: string, then?: readonly Check[]): CheckOutcome {
  return { status: 'warn', found, action, ...(then && { then }) };
}

export function fail(found: string, action?: string, offered?: OfferedCertificate): CheckOutcome {
  return { status: 'fail', found, action, offered };
}

export function skipped(because: string): CheckOutcome {
  return { status: 'skipped', because };
}

/**
 * @param error a CodedError also says what to do
 * @param peer for what to do about other errors, if they come from the network
 */
export function failedBy(error: unknown, peer?: Parameters<typeof networkAdvice>[1]): CheckOutcome & { status: 'fail' } {
  const code = error instanceof CodedError ? `${error.code}: ` : '';
  const advice = error instanceof CodedError || peer === undefined ? undefined : networkAdvice(error, peer);
  if (advice !== undefined) {
    return { status: 'fail', found: `${peer?.host} cannot be reached: ${advice.reason} (${errorText(error)})`, action: advice.action };
  }
  return { status: 'fail', found: `${code}${errorText(error)}`, action: error instanceof CodedError ? error.action : undefined };
}
