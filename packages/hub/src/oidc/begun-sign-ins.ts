/**
 * Limits how many sign-ins a network may begin: anyone can call the authorization endpoint, and each call adds a record to the database.
 * In the morning, all users of a company may come from one address.
 */
import { addressGroups, createLiveCounters } from '@landbridge/runtime';

export interface BegunSignIns {
  /** @returns false if there were too many from the address, or from the networks around it */
  mayBegin(address: string): boolean;
  count(address: string): void;
}

export const BEGUN_WINDOW_SECONDS = 10 * 60;
const PER_ADDRESS = 1000;
/** Times the limit of an address: from a /24 of IPv4, from a /56 and a /48 of IPv6. */
const NETWORK_FACTOR = 4;
const MAX_NETWORKS = 20_000;
const SHARED_COUNTERS = 1024;

export function createBegunSignIns({
  now = Date.now,
  perAddress = PER_ADDRESS,
}: {
  now?: () => number;
  perAddress?: number;
} = {}): BegunSignIns {
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
        return !isLive(network) || network.begun < perAddress * (level === 0 ? 1 : NETWORK_FACTOR);
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
