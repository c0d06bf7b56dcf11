/**
 * Rotated refresh tokens keep working for a short time (RFC 9700, section 4.14.2). Otherwise the user would be signed out when two tabs refresh
 * at the same time or an answer is lost. The leeway ends when a successor is used: this shows that its answer arrived, so any later use of the
 * old token is a replay, which revokes the grant.
 */
import { z } from 'zod';
import type { OidcRecord } from '../store/oidc-state.ts';
import type { Store } from '../store/store.ts';

const LEEWAY_MS = 30_000;
/** Enough for tabs that refresh at the same time, and for retries. */
const MAX_USES = 5;

const rotations = z.object({ rotations: z.number().default(0) });

export interface RefreshLeeway {
  /** @returns whether a used token may be used again. `again` limits the number of times. */
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
