/** From a request's token to its claims: verifies the token, and opens what was sealed for this socket. */
import { z } from 'zod';
import type { ConnectorSealing } from './sealing.ts';
import { checkToken, type TokenChecks } from './token.ts';

/** `sealed`: the request was, so its answer must be signed. `refused`: why, as the end of a sentence. */
export type RequestClaimsRead = { claims: Record<string, unknown>; sealed: boolean } | { refused: string };

const openedClaims = z.record(z.string(), z.unknown());

/**
 * A hub that seals one request seals them all: after the first sealed one, a request in clear is refused. Until then a request in clear is
 * accepted on the hub's signature alone: a hub that knows this connector's keys, which cannot be removed from its token, has no reason to
 * send one.
 */
export function createClaimsReader(
  sealing: Pick<ConnectorSealing, 'open'>,
  checks: TokenChecks,
): (jwt: string) => Promise<RequestClaimsRead> {
  let hubSeals = false;
  return async (jwt) => {
    const checked = await checkToken(jwt, checks);
    if ('refused' in checked) return checked;
    const { pid, sealed } = checked.claims;
    if (sealed === undefined) {
      return hubSeals ? { refused: 'it is not sealed, but earlier ones on this socket were' } : { ...checked, sealed: false };
    }
    if (typeof sealed !== 'string') return { refused: 'its "sealed" claim is not a string' };
    const result = sealing.open(sealed);
    if ('refused' in result) return { refused: `its sealed claims cannot be opened: ${result.refused}` };
    const claims = openedClaims.safeParse(result.opened);
    // Moved from one request to another, they would bring another user's password.
    if (!claims.success || claims.data.pid !== pid) return { refused: 'its sealed claims belong to another request' };
    hubSeals = true;
    return { claims: claims.data, sealed: true };
  };
}
