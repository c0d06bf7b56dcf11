/** Verifies tokens that the hub signs for callers other than its socket, with the keys that it has now. */
import type { Log } from '@landbridge/runtime';
import { createHubKeys, type HubKeySource } from '../hub/jwks.ts';
import { type CheckedToken, checkToken } from '../hub/token.ts';
import type { Outbound } from '../network/outbound.ts';

export type CheckHubToken = (token: string) => Promise<CheckedToken>;

/** Such a token comes with each request until it expires. */
const ALLOW_REPLAY = { firstTime: () => true };

/** @param options.hub returns what is known about the hub now */
export function createCheckHubToken(options: {
  hub: () => (HubKeySource & { hubIdentity: string | undefined }) | undefined;
  request: Outbound['request'];
  /** The hub's time. */
  now?: () => number;
  log: Log;
}): CheckHubToken {
  const keysOf = createHubKeys({ request: options.request, log: options.log, now: Date.now });
  return async (token) => {
    const hub = options.hub();
    // The hub's identity does not sign its published keys, so they prove nothing.
    if (hub?.hubIdentity !== undefined) return { refused: 'this hub does not issue tokens' };
    const keys = hub === undefined ? undefined : keysOf(hub);
    return keys === undefined
      ? { refused: "the hub's keys are not known yet" }
      : checkToken(token, { keys, replay: ALLOW_REPLAY, now: options.now ?? Date.now });
  };
}
