/**
 * Wrong attempts per network. A whole company may share one address, so the limit is far above that of a user, and only wrong attempts
 * count. A right one clears nothing: otherwise an attacker with an account could reset the count.
 */
import { randomInt } from 'node:crypto';
import { addressGroups, createLiveCounters } from '@landbridge/runtime';

export interface AddressLimits {
  /** Wrong attempts within the window from one address; 0: no limit. */
  attempts: number;
  windowMs: number;
}

/** How an attempt counts. `unknown`: a wrong password, and no user has that name. */
export type AddressCount = 'none' | 'wrong' | 'unknown';

export interface Addresses {
  /** Reserves an attempt, which counts as wrong until it is settled. @returns milliseconds to wait if none is left */
  reserve(address: string, nowMs: number): number | undefined;
  /** The attempt is over. */
  settle(address: string, how: AddressCount, nowMs: number): void;
}

/** How many times the limit of one address: the narrowest network, those in between, the widest. */
const BUDGETS = { narrowest: 1, between: 2, widest: 4 };
const WEIGHTS: Record<AddressCount, number> = { none: 0, wrong: 1, unknown: 3 };
const MAX_NETWORKS = 50_000;
const SHARED_COUNTERS = 16_384;
/** All attempts left are in flight. */
const BUSY_WAIT_MS = 1000;
/** Attempts within this part of the window are counted together. */
const SLOTS = 60;
/** A limit is lower by up to this part, at random: otherwise reaching it would show how the attempt before counted, and so whether a name exists. */
const MAX_BLUR = 0.1;

interface Network {
  /** The oldest first. `untilMs` is when the last of them leaves the window. */
  slots: { sinceMs: number; untilMs: number; weight: number }[];
  inFlight: number;
  /** The part of the limit that counts. */
  share: number;
}

export function createAddresses({ attempts, windowMs }: AddressLimits): Addresses {
  const networks = createLiveCounters<Network>({
    max: MAX_NETWORKS,
    shared: SHARED_COUNTERS,
    create: () => ({ slots: [], inFlight: 0, share: 1 - MAX_BLUR * (randomInt(1000) / 1000) }),
    isLive: ({ slots, inFlight }) => inFlight > 0 || (slots.at(-1)?.untilMs ?? 0) > latestMs,
  });
  let latestMs = 0;

  function waitOf(network: Network, limit: number, nowMs: number): number | undefined {
    network.slots = network.slots.filter(({ untilMs }) => untilMs > nowMs);
    let weight = network.slots.reduce((sum, slot) => sum + slot.weight, 0);
    const most = Math.ceil(limit * network.share);
    if (weight + network.inFlight < most) return undefined;
    for (const slot of network.slots) {
      if (weight < most) break;
      weight -= slot.weight;
      if (weight < most) return slot.untilMs - nowMs;
    }
    return BUSY_WAIT_MS;
  }

  return {
    reserve(address, nowMs) {
      if (attempts === 0) return undefined;
      latestMs = nowMs;
      const groups = addressGroups(address);
      const waits = groups.flatMap((group, level) => waitOf(networks.find(group), attempts * budgetOf(level, groups.length), nowMs) ?? []);
      if (waits.length > 0) return Math.max(...waits);
      for (const group of groups) networks.keep(group).inFlight++;
      return undefined;
    },
    settle(address, how, nowMs) {
      if (attempts === 0) return;
      latestMs = nowMs;
      for (const group of addressGroups(address)) {
        const network = networks.keep(group);
        network.inFlight = Math.max(0, network.inFlight - 1);
        if (how !== 'none') add(network, WEIGHTS[how], nowMs);
        networks.release(group);
      }
    },
  };

  function budgetOf(level: number, levels: number): number {
    return level === 0 ? BUDGETS.narrowest : level < levels - 1 ? BUDGETS.between : BUDGETS.widest;
  }

  function add({ slots }: Network, weight: number, nowMs: number): void {
    const newest = slots.at(-1);
    if (newest === undefined || newest.sinceMs <= nowMs - windowMs / SLOTS) {
      slots.push({ sinceMs: nowMs, untilMs: nowMs + windowMs, weight });
      return;
    }
    newest.weight += weight;
    newest.untilMs = nowMs + windowMs;
  }
}
