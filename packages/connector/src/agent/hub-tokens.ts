/** Verifies tokens that the hub signs for callers other than its socket, with the keys that it has now. */
import type { Log } from '@landbridge/runtime';
import { jwksKeys } from '../hub/jwks.ts';
import { type CheckedToken, checkToken, type HubKeys, signingKey } from '../hub/token.ts';
import type { Outbound } from '../network/outbound.ts';
import type { ProvisionedHub } from '../setup/provision.ts';

export type CheckHubToken = (token: string) => Promise<CheckedToken>;

/** Such a token comes with each request until it expires. */
const ALLOW_REPLAY = { firstTime: () => true };

/** @param options.hub what is known of the hub now */
export function createCheckHubToken(options: {
  hub: () => Pick<ProvisionedHub, 'signingKeyPem' | 'jwksUrl'> | undefined;
  request: Outbound['request'];
  log: Log;
}): CheckHubToken {
  const { hub, request, log } = options;
  let cached: { source: string; keys: HubKeys } | undefined;

  function keys(): HubKeys | undefined {
    const { signingKeyPem: pem, jwksUrl: url } = hub() ?? {};
    const source = pem ?? url;
    if (source === undefined) return undefined;
    // Kept as long as the source is the same, because a JWKS reader caches the document.
    if (cached?.source !== source)
      cached = { source, keys: pem === undefined ? jwksKeys({ url: source, request, log, now: Date.now }) : signingKey(pem) };
    return cached.keys;
  }

  return async (token) => {
    const now = keys();
    return now === undefined
      ? { refused: "the hub's keys are not known yet" }
      : checkToken(token, { keys: now, replay: ALLOW_REPLAY, now: Date.now });
  };
}
