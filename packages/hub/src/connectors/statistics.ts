/** How each instance did since the hub started: requests, errors, latency. Counted in memory: a restart begins anew. */
import { isWireErrorName } from '@landbridge/protocol';
import { z } from 'zod';
import type { Reply } from './connector.ts';

/** Latency is that of the last so many answers. */
const KEPT_LATENCIES = 256;

export interface InstanceStatistics {
  /** What was asked and is settled. */
  requests: number;
  /** Not answered, or answered with an error that is none of the person's: a wrong password is no error. */
  errors: number;
  /** Of the last answers, from sending the question; undefined where there is none. */
  latency: { meanMs: number; p95Ms: number } | undefined;
}

export interface Statistics {
  count(instance: string, reply: Reply, ms: number): void;
  of(instance: string): InstanceStatistics;
  /** Those of which something was counted. */
  instances(): string[];
  forget(instance: string): void;
}

interface Counts {
  requests: number;
  errors: number;
  answered: number;
  /** A ring. */
  latenciesMs: number[];
}

const refusal = z.object({ err: z.unknown() });
const named = z.object({ name: z.string() });

export function createStatistics(): Statistics {
  const counts = new Map<string, Counts>();
  return {
    count(instance, reply, ms) {
      const of = counts.get(instance) ?? { requests: 0, errors: 0, answered: 0, latenciesMs: [] };
      counts.set(instance, of);
      if (reply.kind === 'answered') of.latenciesMs[of.answered++ % KEPT_LATENCIES] = ms;
      of.requests++;
      if (isError(reply)) of.errors++;
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

function isError(reply: Reply): boolean {
  if (reply.kind !== 'answered') return true;
  const { err } = refusal.safeParse(reply.payload).data ?? {};
  if (err === undefined || err === null) return false;
  return !isWireErrorName(typeof err === 'string' ? err : named.safeParse(err).data?.name);
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
