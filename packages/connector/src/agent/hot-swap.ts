/**
 * Swaps the directory behind the users while the connector answers requests: each request ends with the parts that it started with, and
 * replaced parts are closed when their last request has ended.
 */
import { type Log, sleep } from '@landbridge/runtime';
import type { Users } from '../users/users.ts';
import type { DirectoryParts } from './directory-parts.ts';

export interface HotSwap {
  /** Stays the same across swaps. */
  readonly users: Users;
  parts(): DirectoryParts;
  /** New requests go to these parts from now on. */
  swap(next: DirectoryParts): void;
  /** Resolves when all parts are closed. There must be no more requests. */
  close(): Promise<void>;
}

/** Requests have shorter deadlines of their own; this one applies if one of them ignores its deadline. */
const LONGEST_REQUEST_MS = 60_000;

interface Generation {
  parts: DirectoryParts;
  requests: number;
  onIdle: (() => void) | undefined;
}

export function createHotSwap(first: DirectoryParts, log: Log): HotSwap {
  let current: Generation = { parts: first, requests: 0, onIdle: undefined };
  const closing = new Set<Promise<void>>();

  async function ask<T>(perform: (users: Users) => Promise<T>): Promise<T> {
    const generation = current;
    generation.requests++;
    try {
      return await perform(generation.parts.users);
    } finally {
      generation.requests--;
      if (generation.requests === 0) generation.onIdle?.();
    }
  }

  async function retire(generation: Generation): Promise<void> {
    if (generation.requests > 0) {
      const deadline = new AbortController();
      const idle = new Promise<void>((resolve) => {
        generation.onIdle = resolve;
      });
      await Promise.race([idle, sleep(LONGEST_REQUEST_MS, deadline.signal)]);
      deadline.abort();
    }
    await generation.parts.close();
  }

  return {
    users: {
      authenticate: (claims, context) => ask((users) => users.authenticate(claims, context)),
      signInVerified: (identity, context) => ask((users) => users.signInVerified(identity, context)),
      searchUsers: (claims, context) => ask((users) => users.searchUsers(claims, context)),
      listGroups: (claims, context) => ask((users) => users.listGroups(claims, context)),
      passwordTimes: (claims, context) => ask((users) => users.passwordTimes(claims, context)),
      changePassword: (claims, context) => ask((users) => users.changePassword(claims, context)),
      inspect: (name, context) => ask((users) => users.inspect(name, context)),
    },
    parts: () => current.parts,
    swap(next) {
      const old = current;
      current = { parts: next, requests: 0, onIdle: undefined };
      const closed = retire(old)
        .catch((error: unknown) => log.warn({ err: error }, 'Could not close the replaced connections to the directory'))
        .finally(() => closing.delete(closed));
      closing.add(closed);
    },
    async close() {
      await Promise.all([current.parts.close(), ...closing]);
    },
  };
}
