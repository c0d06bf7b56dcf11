/** The context of a request about a user, the same for every channel. */
import type { Step } from '@landbridge/protocol';

export interface RequestContext {
  /** The same in every log line about the request; on the hub's wire it is the `pid`. */
  correlationId: string;
  /** Aborted when the caller gives up. */
  signal: AbortSignal;
  /** Called as each step ends. */
  onStep?: (step: Step) => void;
  /** Adds groups to the profile of a refused user, as replaced connectors do. */
  refusedWithGroups?: boolean;
}
