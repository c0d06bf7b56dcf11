/**
 * Users whose directory can be exchanged while they are asked: each request ends with the parts that it began with, and parts are
 * closed when the last of their requests has ended.
 */
import { type Log, sleep } from '@landbridge/runtime';
import type { Users } from '../users/users.ts';
import type { DirectoryParts } from './directory-parts.ts';

export interface HotSwapUsers {
  /** Stays the same over every exchange. */
  readonly users: Users;
  parts(): DirectoryParts;
  /** New requests go to these parts from now on; the old ones are closed once they are idle. */
  exchange(next: DirectoryParts): void;
  /** Resolves when everything is closed. */
  close(): Promise<void>;
}

/** A request has a deadline of its own, which is shorter; this holds where one does not obey it. */
const LONGEST_REQUEST_MS = 60_000;

interface Turn {
  parts: DirectoryParts;
  requests: number;
  onIdle: (() => void) | undefined;
}

export function createHotSwapUsers(first: DirectoryParts, log: Log): HotSwapUsers {
  let current: Turn = { parts: first, requests: 0, onIdle: undefined };
  const closing = new Set<Promise<void>>();

  async function ask<T>(perform: (users: Users) => Promise<T>): Promise<T> {
    const turn = current;
    turn.requests++;
    try {
      return await perform(turn.parts.users);
    } finally {
      turn.requests--;
      if (turn.requests === 0) turn.onIdle?.();
    }
  }

  async function retire(turn: Turn): Promise<void> {
    if (turn.requests > 0) {
      const deadline = new AbortController();
      const idle = new Promise<void>((resolve) => {
        turn.onIdle = resolve;
      });
      await Promise.race([idle, sleep(LONGEST_REQUEST_MS, deadline.signal)]);
      deadline.abort();
    }
    await turn.parts.close();
  }

  return {
    users: {
      authenticate: (claims, context) => ask((users) => users.authenticate(claims, context)),
      signInKnown: (person, context) => ask((users) => users.signInKnown(person, context)),
      searchUsers: (claims, context) => ask((users) => users.searchUsers(claims, context)),
      listGroups: (claims, context) => ask((users) => users.listGroups(claims, context)),
      changePassword: (claims, context) => ask((users) => users.changePassword(claims, context)),
      inspect: (name, context) => ask((users) => users.inspect(name, context)),
    },
    parts: () => current.parts,
    exchange(next) {
      const old = current;
      current = { parts: next, requests: 0, onIdle: undefined };
      const closed = retire(old)
        .catch((error: unknown) => log.warn({ err: error }, 'Closing the former connections to the directory failed'))
        .finally(() => closing.delete(closed));
      closing.add(closed);
    },
    async close() {
      // Whoever closes has no more requests: the hub link was closed before.
      await Promise.all([current.parts.close(), ...closing]);
    },
  };
}
