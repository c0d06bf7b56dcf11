/** Whoever types a command, as the operator that the hub's functions ask for. */
import { createAudit } from '../audit/audit.ts';
import type { Operator } from '../operator.ts';
import type { Store } from '../store/store.ts';

/** A running hub sees in the store what was changed, at its next heartbeat. */
export function commandLineOperator(store: Store): Operator {
  return { store, audit: createAudit(store), actor: 'command-line', takeEffect: async () => {} };
}
