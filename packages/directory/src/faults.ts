/** Fault injection: tests make chosen operations fail as a directory in trouble would. */
import type { Operation } from './requests.ts';

export type OperationKind = Operation['kind'];

export type Fault = {
  /** The kind of operation that it affects. */
  on: OperationKind;
  /** Restricts it to some operations. */
  where?: (operation: Operation) => boolean;
  /** How many times; without limit by default. */
  times?: number;
} & FaultEffect;

export type FaultEffect =
  /** The operation waits and is then performed. Several delays add up and come before any other fault. */
  | { does: 'delay'; ms: number }
  /** A result in place of the operation, for example 51 (busy) or 52 (unavailable). */
  | { does: 'answer'; resultCode: number; diagnosticMessage?: string }
  | { does: 'refer'; urls: readonly string[] }
  /** No answer, and the connection stays open. */
  | { does: 'stay-silent' }
  /** The connection ends without an answer. */
  | { does: 'disconnect' }
  /** The connection ends in the middle of the answer. */
  | { does: 'cut-answer' };

export interface Faults {
  /** @returns a function that removes the fault */
  add(fault: Fault): () => void;
  clear(): void;
}

/** @returns the faults for tests, and `next`, which the server calls for each operation */
export function createFaults(): { faults: Faults; next(operation: Operation): { delayMs: number; effect: FaultEffect | undefined } } {
  const active = new Set<{ fault: Fault; left: number }>();
  return {
    faults: {
      add(fault) {
        const item = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
        active.add(item);
        return () => active.delete(item);
      },
      clear: () => active.clear(),
    },
    next(operation) {
      let delayMs = 0;
      for (const item of active) {
        const { fault } = item;
        if (fault.on !== operation.kind || fault.where?.(operation) === false) continue;
        item.left--;
        if (item.left <= 0) active.delete(item);
        if (fault.does !== 'delay') return { delayMs, effect: fault };
        delayMs += fault.ms;
      }
      return { delayMs, effect: undefined };
    },
  };
}
