/**
 * Rotated refresh tokens work a little longer (RFC 9700, section 4.14.2): two tabs refresh at the same time, or an answer is lost on the way. Without it
 * the user would be signed out. The leeway ends as soon as a successor is used: then its answer has arrived, and another use of the token before
 * it is a replay, which ends the sign-in.
 */
import { z } from 'zod';
import type { OidcRecord } from '../store/oidc-state.ts';
import type { Store } from '../store/store.ts';

const LEEWAY_MS = 30_000;
/** Tabs that refresh at the same time, and retries. */
const MAX_USES = 5;

const rotations = z.object({ rotations: z.number().default(0) });

export interface RefreshLeeway {
  /** @returns whether a token that was used may be used again; how often, `again` decides */
  holds(token: OidcRecord): Promise<boolean>;
  again(now: Date): { since: Date; times: number };
}

export function createRefreshLeeway(store: Pick<Store, 'oidcRecordsOfGrant'>, now: () => number = Date.now): RefreshLeeway {
  return {
    async holds({ kind, payload, grantId, consumedAt }) {
      if (consumedAt === undefined || grantId === undefined || consumedAt.getTime() + LEEWAY_MS <= now()) return false;
      const count = (token: OidcRecord['payload']) => rotations.parse(token).rotations;
      const tokens = await store.oidcRecordsOfGrant(kind, grantId);
      return !tokens.some((token) => token.consumedAt !== undefined && count(token.payload) > count(payload));
    },
    again: (at) => ({ since: new Date(at.getTime() - LEEWAY_MS), times: MAX_USES }),
  };
}
