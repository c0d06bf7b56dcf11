/** Tokens that the hub signs for others than its socket: checked with the keys that it has now. */
import type { Log } from '@landbridge/runtime';
import { jwksKeys } from '../hub/jwks.ts';
import { type CheckedToken, checkToken, type HubKeys, signingKey } from '../hub/token.ts';
import type { Outbound } from '../network/outbound.ts';
import type { ProvisionedHub } from '../setup/provision.ts';

export type CheckHubToken = (token: string) => Promise<CheckedToken>;

/** Such a token is shown with each request until it expires. */
const ALLOW_REPLAY = { firstTime: () => true };

/** @param options.hub what is known of it now */
export function createCheckHubToken(options: {
  hub: () => Pick<ProvisionedHub, 'signingKeyPem' | 'jwksUrl'> | undefined;
  request: Outbound['request'];
  log: Log;
}): CheckHubToken {
  const { hub, request, log } = options;
  let kept: { of: string; keys: HubKeys } | undefined;

  function keys(): HubKeys | undefined {
    const { signingKeyPem: pem, jwksUrl: url } = hub() ?? {};
    const of = pem ?? url;
    if (of === undefined) return undefined;
    // Whoever asks for a document anew each time does not know its keys.
    if (kept?.of !== of) kept = { of, keys: pem === undefined ? jwksKeys({ url: of, request, log, now: Date.now }) : signingKey(pem) };
    return kept.keys;
  }

  return async (token) => {
    const now = keys();
    return now === undefined ? { refused: 'the keys of the hub are not known' } : checkToken(token, now, ALLOW_REPLAY, Date.now);
  };
}
