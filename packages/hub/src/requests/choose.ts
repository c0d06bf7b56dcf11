/** Chooses the connector for a request: of the eligible ones, the one with the fewest requests in flight. */
import type { Capability } from '@landbridge/protocol';
import type { Connector, NoEligibleConnector } from '../connectors/connector.ts';

export type Choose = (
  among: readonly Connector[],
  options: { needs: Capability | undefined; not: ReadonlySet<Connector> },
) => Connector | NoEligibleConnector;

/** If no connector is eligible, the answer is the reason of the one that came closest: the last in this list. */
const REASONS: readonly NoEligibleConnector[] = ['connector_offline', 'connector_outdated', 'directory_unavailable', 'connector_busy'];

/** @returns a function that looks at each connector once: a connection may have thousands, and gets hundreds of requests a second */
export function createChoose(): Choose {
  const lastAsked = new WeakMap<Connector, number>();
  let requests = 0;
  /** Of equals, the one that was asked longest ago comes first. */
  const isLessBusy = (a: Connector, b: Connector) => (a.inFlight - b.inFlight || (lastAsked.get(a) ?? 0) - (lastAsked.get(b) ?? 0)) < 0;

  return (among, { needs, not }) => {
    let best: { connector: Connector; eligibility: 'eligible' | 'doubtful' } | undefined;
    let why: NoEligibleConnector = 'connector_offline';
    for (const connector of among) {
      if (not.has(connector)) continue;
      const eligibility = connector.eligibility(needs);
      if (eligibility !== 'eligible' && eligibility !== 'doubtful') {
        if (REASONS.indexOf(eligibility) > REASONS.indexOf(why)) why = eligibility;
      } else if (
        best === undefined ||
        (eligibility === best.eligibility ? isLessBusy(connector, best.connector) : eligibility === 'eligible')
      ) {
        best = { connector, eligibility };
      }
    }
    if (best === undefined) return why;
    lastAsked.set(best.connector, ++requests);
    return best.connector;
  };
}
