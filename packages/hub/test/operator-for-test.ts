/** An operator whose changes take effect at once, for preparations of tests. */

import type { Operator } from '../src/operator.ts';
import type { Store } from '../src/store/store.ts';
import { auditForTest } from './audit-for-test.ts';

export function operatorForTest(store: Store): Operator {
  return { store, audit: auditForTest(store), actor: 'command-line', takeEffect: async () => {} };
}
