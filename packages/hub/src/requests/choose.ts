/** Which connector of a connection is asked: of those that can answer, the one with the fewest questions under way. */
import type { Capability } from '@landbridge/protocol';
import type { Connector } from '../connectors/connector.ts';
import type { FailureCode } from './failures.ts';

/** Why there is nobody to ask. */
export type Nobody = Extract<FailureCode, 'connector_offline' | 'connector_outdated' | 'connector_busy' | 'directory_unavailable'>;

export type Choose = (
  among: readonly Connector[],
  options: { needs: Capability | undefined; not: ReadonlySet<Connector> },
) => Connector | Nobody;

/** A connector that let a question run out is asked last for this long, unless it answers another. */
const SILENT_PENALTY_MS = 30_000;

/** @returns a function that goes through the connectors once: a connection may have thousands, and is asked hundreds of times a second */
export function createChoose(maxPerConnector: number): Choose {
  const lastAsked = new WeakMap<Connector, number>();
  let questions = 0;

  return (among, { needs, not }) => {
    const now = Date.now();
    /** One that is in doubt comes after all others; among equals the one that was asked longest ago comes first. */
    const isBetter = (a: Connector, b: Connector) =>
      isDoubtful(a, now) - isDoubtful(b, now) || a.inFlight - b.inFlight || (lastAsked.get(a) ?? 0) - (lastAsked.get(b) ?? 0);
    let best: Connector | undefined;
    // How far the furthest of them came.
    let why: Nobody = 'connector_offline';
    for (const connector of among) {
      if (!connector.open || connector.draining || connector.presence === 'silent' || not.has(connector)) continue;
      if (why === 'connector_offline') why = 'connector_outdated';
      if (needs !== undefined && !connector.capabilities.includes(needs)) continue;
      if (why === 'connector_outdated') why = 'directory_unavailable';
      if (connector.directory === 'down') continue;
      why = 'connector_busy';
      if (connector.inFlight >= maxPerConnector || connector.congested) continue;
      if (best === undefined || isBetter(connector, best) < 0) best = connector;
    }
    if (best === undefined) return why;
    lastAsked.set(best, ++questions);
    return best;
  };
}

function isDoubtful({ presence, silentSinceMs }: Connector, now: number): number {
  return Number(presence === 'doubtful' || now - (silentSinceMs ?? 0) < SILENT_PENALTY_MS);
}
