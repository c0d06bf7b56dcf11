/** An operator whose changes count at once, for tests that prepare something. */
import { createAudit } from '../src/audit/audit.ts';
import type { Operator } from '../src/operator.ts';
import type { Store } from '../src/store/store.ts';

export function operatorForTest(store: Store): Operator {
  return { store, audit: createAudit(store), actor: 'command-line', takeEffect: async () => {} };
}
