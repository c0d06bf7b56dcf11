/** Requests, errors and latency of each instance since the hub started, in memory. */
import type { Failure } from '@landbridge/protocol';

const KEPT_LATENCIES = 256;

export interface InstanceStatistics {
  /** Requests that have ended. */
  requests: number;
  /** Not answered, or answered with an unexpected error. A wrong password is not an error. */
  errors: number;
  /** Of the latest answers, from sending the request; undefined if there are none. */
  latency: { meanMs: number; p95Ms: number } | undefined;
}

export interface Statistics {
  count(instance: string, failure: Failure | undefined, ms: number): void;
  of(instance: string): InstanceStatistics;
  /** All instances that have had requests. */
  instances(): string[];
  forget(instance: string): void;
}

interface Counts {
  requests: number;
  errors: number;
  answered: number;
  /** A ring buffer. */
  latenciesMs: number[];
}

export function createStatistics(): Statistics {
  const counts = new Map<string, Counts>();
  return {
    count(instance, failure, ms) {
      const of = counts.get(instance) ?? { requests: 0, errors: 0, answered: 0, latenciesMs: [] };
      counts.set(instance, of);
      const isAnswered = failure?.code !== 'connector_lost' && failure?.code !== 'connector_timeout';
      if (isAnswered) of.latenciesMs[of.answered++ % KEPT_LATENCIES] = ms;
      of.requests++;
      if (failure !== undefined && failure.wireName === undefined) of.errors++;
    },
    of(instance) {
      const { requests, errors, latenciesMs } = counts.get(instance) ?? { requests: 0, errors: 0, latenciesMs: [] };
      return { requests, errors, latency: latencyOf(latenciesMs) };
    },
    instances: () => [...counts.keys()],
    forget(instance) {
      counts.delete(instance);
    },
  };
}

function latencyOf(latenciesMs: readonly number[]): InstanceStatistics['latency'] {
  if (latenciesMs.length === 0) return undefined;
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  const rounded = (ms: number) => Math.round(ms * 10) / 10;
  return {
    meanMs: rounded(sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length),
    p95Ms: rounded(sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0),
  };
}
