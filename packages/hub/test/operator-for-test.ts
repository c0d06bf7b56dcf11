/** An operator whose changes take effect at once, for preparations of tests. */
import { createAudit } from '../src/audit/audit.ts';
import type { Operator } from '../src/operator.ts';
import type { Store } from '../src/store/store.ts';

export function operatorForTest(store: Store): Operator {
  return { store, audit: createAudit(store), actor: 'command-line', takeEffect: async () => {} };
}
