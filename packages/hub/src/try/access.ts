/** Access to the Try page of a connection: a one-time link or an API key opens a session in a browser. */

import { randomBytes } from 'node:crypto';
import { hashOfToken, newSecretToken } from '@landbridge/web';
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
  readonly expiresAtMs: number;
}

export interface TrySessions {
  /** @returns the session and its cookie's value */
  open(connection: Connection): { session: TrySession; cookie: string };
  /** @returns the session if it belongs to this connection and has not expired */
  find(cookie: string | undefined, connection: Connection): TrySession | undefined;
}

export function createTrySessions(now: () => number = Date.now): TrySessions {
  /** By the hash of the cookie, the oldest first. */
  const sessions = new Map<string, TrySession>();
  return {
    open(connection) {
      const { token, hash } = newSecretToken();
      const session = {
        connectionId: connection.id,
        formToken: randomBytes(20).toString('base64url'),
        expiresAtMs: now() + SESSION_LIFETIME_MS,
      };
      sessions.set(hash, session);
      for (const [oldest, { expiresAtMs }] of sessions) {
        if (sessions.size <= MAX_SESSIONS && expiresAtMs > now()) break;
        sessions.delete(oldest);
      }
      return { session, cookie: token };
    },
    find(cookie, connection) {
      const session = cookie === undefined ? undefined : sessions.get(hashOfToken(cookie));
      return session !== undefined && session.connectionId === connection.id && session.expiresAtMs > now() ? session : undefined;
    },
  };
}
