/** Access to the Try page of a connection: a one-time link or an API key opens a session in a browser. */

import { createMemorySessions, newSecretToken } from '@landbridge/web';
import { findConnection } from '../connections/connections.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

const LINK_LIFETIME_MS = 15 * 60_000;
export const SESSION_LIFETIME_MS = 60 * 60_000;
/** In memory, some hundred bytes each; beyond this the oldest ends. */
const MAX_SESSIONS = 10_000;

/** @returns a link that works once, within 15 minutes. @throws CodedError CONNECTION_NOT_FOUND */
export async function newTryLink(store: Store, publicUrl: string, connectionName: string): Promise<string> {
  const connection = await findConnection(store, connectionName);
  const code = newSecretToken();
  await store.addTryCode(code.hash, connection.id, new Date(Date.now() + LINK_LIFETIME_MS));
  return `${publicUrl}/try/${connection.name}?code=${code.token}`;
}

export interface TrySession {
  readonly connectionId: string;
  /** In every form of this session, against forged requests. */
  readonly formToken: string;
}

/** The sessions of Try pages, each for one connection. */
export function createTrySessions(now?: () => number) {
  const lifetime = { idleMs: SESSION_LIFETIME_MS, longestMs: SESSION_LIFETIME_MS };
  const sessions = createMemorySessions<TrySession>({ ...lifetime, maxSessions: MAX_SESSIONS, ...(now === undefined ? {} : { now }) });
  return {
    /** @returns the session and the value of its cookie */
    open({ id: connectionId }: Connection): { session: TrySession; cookie: string } {
      const session = { connectionId, formToken: newSecretToken().token };
      return { session, cookie: sessions.open(session) };
    },
    /** @returns the session if it is one of this connection */
    find(cookie: string | undefined, { id }: Connection): TrySession | undefined {
      const session = sessions.find(cookie, false);
      return session?.connectionId === id ? session : undefined;
    },
  };
}
