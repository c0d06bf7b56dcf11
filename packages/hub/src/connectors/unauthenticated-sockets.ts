/**
 * Places for sockets that have not authenticated yet. Anyone can open one, so unknown addresses compete only with each other: when
 * their places are full, the oldest silent socket of the network with the most sockets is dropped. Connectors send `authenticate` at once, and
 * some places are reserved for addresses of known connectors.
 */
import { addressGroup, addressGroups } from '@landbridge/runtime';

export interface UnauthenticatedSockets {
  /** @param drop ends the socket. @returns undefined if there is no place */
  enter(address: string, drop: () => void): SocketPlace | undefined;
  /** A connector at this address authenticated. */
  trust(address: string): void;
  /** Replaces the trusted addresses with those of all known connectors. */
  trustOnly(addresses: Iterable<string>): void;
  dropAll(): void;
  readonly size: number;
  /** When places were last full, other than those of a single address (milliseconds, of `now`). */
  readonly shortageAt: number | undefined;
}

export interface SocketPlace {
  /** Its first frame is being checked: it is not dropped for others. */
  checking(on: boolean): void;
  /** It has authenticated or ended. */
  leave(): void;
}

export interface SocketLimits {
  total: number;
  /** Of these, for known connectors only. */
  reserved: number;
  /** For one unknown address (IPv6: /64). */
  perAddress: number;
}

interface Waiting {
  group: string;
  network: string;
  known: boolean;
  silent: boolean;
  drop: () => void;
}

export function createUnauthenticatedSockets(limits: SocketLimits, now: () => number = Date.now): UnauthenticatedSockets {
  /** The oldest first. */
  const sockets = new Set<Waiting>();
  let trusted = new Set<string>();
  let shortageAt: number | undefined;

  function makePlace(among: Waiting[]): boolean {
    const sizes = new Map<string, number>();
    for (const { network } of among) sizes.set(network, (sizes.get(network) ?? 0) + 1);
    let victim: Waiting | undefined;
    for (const socket of among) {
      if (socket.silent && (victim === undefined || (sizes.get(socket.network) ?? 0) > (sizes.get(victim.network) ?? 0))) victim = socket;
    }
    if (victim === undefined) return false;
    sockets.delete(victim);
    victim.drop();
    return true;
  }

  return {
    enter(address, drop) {
      const groups = addressGroups(address);
      const known = trusted.has(groups[0]);
      const socket: Waiting = { group: groups[0], network: groups.at(-1) ?? groups[0], known, silent: true, drop };
      const all = [...sockets];
      const unknown = known ? [] : all.filter((other) => !other.known);
      const siblings = unknown.filter(({ group }) => group === socket.group);
      const hasPlace =
        (siblings.length < limits.perAddress || makePlace(siblings)) &&
        (siblings.length >= limits.perAddress || unknown.length < limits.total - limits.reserved || makePlace(unknown)) &&
        (sockets.size < limits.total || makePlace(all.filter((other) => known || !other.known)));
      if (siblings.length < limits.perAddress && (unknown.length >= limits.total - limits.reserved || all.length >= limits.total))
        shortageAt = now();
      if (!hasPlace) return undefined;
      sockets.add(socket);
      return {
        checking(on) {
          socket.silent = !on;
        },
        leave() {
          sockets.delete(socket);
        },
      };
    },
    trust(address) {
      trusted.add(addressGroup(address));
    },
    trustOnly(addresses) {
      trusted = new Set([...addresses].map(addressGroup));
    },
    dropAll() {
      for (const { drop } of sockets) drop();
    },
    get size() {
      return sockets.size;
    },
    get shortageAt() {
      return shortageAt;
    },
  };
}
