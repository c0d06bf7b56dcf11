/**
 * Limits how many sign-ins a network may begin: each is a record in the database that only needs an address of the authorization endpoint.
 * A whole company may come from one address in the morning.
 */
import { addressGroups, createLiveCounters } from '@landbridge/runtime';

export interface BegunSignIns {
  /** @returns false if there were too many from the address, or from the networks around it */
  mayBegin(address: string): boolean;
  count(address: string): void;
}

export const BEGUN_WINDOW_SECONDS = 10 * 60;
const PER_ADDRESS = 1000;
/** From a /24 of IPv4, from a /56 and a /48 of IPv6. */
const PER_NETWORK = 4 * PER_ADDRESS;
const MAX_NETWORKS = 20_000;
const SHARED_COUNTERS = 1024;

export function createBegunSignIns(now: () => number = Date.now): BegunSignIns {
  const isLive = ({ untilMs }: { untilMs: number }) => untilMs > now();
  const networks = createLiveCounters<{ begun: number; untilMs: number }>({
    max: MAX_NETWORKS,
    shared: SHARED_COUNTERS,
    create: () => ({ begun: 0, untilMs: 0 }),
    isLive,
  });
  return {
    mayBegin: (address) =>
      addressGroups(address).every((group, level) => {
        const network = networks.find(group);
        return !isLive(network) || network.begun < (level === 0 ? PER_ADDRESS : PER_NETWORK);
      }),
    count(address) {
      for (const group of addressGroups(address)) {
        const network = networks.keep(group);
        if (!isLive(network)) Object.assign(network, { begun: 0, untilMs: now() + BEGUN_WINDOW_SECONDS * 1000 });
        network.begun++;
      }
    },
  };
}
