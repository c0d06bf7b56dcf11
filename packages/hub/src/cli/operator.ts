/** The user of the command line as an operator of the hub. */
import { createAudit } from '../audit/audit.ts';
import type { AuditChain } from '../audit/chain.ts';
import type { Operator } from '../operator.ts';
import type { Store } from '../store/store.ts';

/** A running hub picks changes up from the store at its next heartbeat. */
export function commandLineOperator(store: Store, { seal }: AuditChain): Operator {
  return { store, audit: createAudit(store, seal), actor: 'command-line', takeEffect: async () => {} };
}
