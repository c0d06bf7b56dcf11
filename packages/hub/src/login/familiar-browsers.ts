/**
 * Remembers in a browser which users have signed in with it, so that strangers who guess a user's password do not keep the user out (OWASP:
 * "Slow down online guessing attacks with device cookies"). The cookie names no user: it has a proof for each, which only the hub can make
 * and check, together with the typed name.
 */
import { createHmac } from 'node:crypto';
import { foldedName } from '@landbridge/protocol';
import { createCookie, sameText } from '@landbridge/web';
import type { Context } from 'hono';
import type { Connection } from '../store/connections.ts';

export interface FamiliarBrowsers {
  /** @returns whether a user with this name signed in to the connection with this browser before */
  knows(c: Context, connection: Connection, username: string): boolean;
  /** The user has signed in with the password. */
  remember(c: Context, connection: Connection, username: string): void;
}

const LIFETIME_DAYS = 90;
const DAY_MS = 86_400_000;
/** Users of one browser. The oldest are dropped. */
const MAX_USERS = 8;
const PROOF = /^(\d{1,7})\.([\w-]{43})$/;

/** @param parts.keys secrets of the hub, the current one first */
export function createFamiliarBrowsers({
  keys,
  isSecure,
  now = Date.now,
}: {
  keys: () => readonly string[];
  isSecure: () => boolean;
  now?: () => number;
}): FamiliarBrowsers {
  const cookie = createCookie({ name: 'landbridge_known', sameSite: 'Lax', isSecure, maxAgeSeconds: (LIFETIME_DAYS * DAY_MS) / 1000 });
  const today = () => Math.floor(now() / DAY_MS);

  function proof(key: string, day: string, connection: Connection, username: string): string {
    const about = JSON.stringify(['familiar browser', day, connection.id, foldedName(username)]);
    return createHmac('sha256', key).update(about).digest('base64url');
  }

  /** @returns the proofs of other users, and whether there is one of this user */
  function read(c: Context, connection: Connection, username: string): { others: string[]; isKnown: boolean } {
    const valid = (cookie.read(c) ?? '')
      .split('~')
      .slice(0, MAX_USERS)
      .filter((entry) => today() - Number(PROOF.exec(entry)?.[1]) <= LIFETIME_DAYS);
    const isOfUser = (entry: string) => {
      const [, day = '', given = ''] = PROOF.exec(entry) ?? [];
      return keys().some((key) => sameText(given, proof(key, day, connection, username)));
    };
    const others = valid.filter((entry) => !isOfUser(entry));
    return { others, isKnown: others.length < valid.length };
  }

  return {
    knows: (c, connection, username) => read(c, connection, username).isKnown,
    remember(c, connection, username) {
      const [key] = keys();
      if (key === undefined) return;
      const day = String(today());
      const entry = `${day}.${proof(key, day, connection, username)}`;
      cookie.write(c, [entry, ...read(c, connection, username).others].slice(0, MAX_USERS).join('~'));
    },
  };
}
