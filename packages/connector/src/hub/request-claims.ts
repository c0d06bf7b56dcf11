/** From a request's token to its claims: the token is checked, and what was sealed for this socket is opened. */
import { z } from 'zod';
import type { Sealing } from './sealing.ts';
import type { CheckedToken } from './token.ts';

/** `sealed`: so was the request; its answer has to be signed. */
export type RequestClaimsRead = { claims: Record<string, unknown>; sealed: boolean } | { refused: string };

const openedClaims = z.record(z.string(), z.unknown());

/**
 * A hub that seals one request seals them all: after the first, one in clear is refused. Before it there is nothing to go by but the
 * hub's signature, and a hub that knows this connector's keys, which nobody can take out of its token, has no reason to ask in clear.
 *
 * @param checkToken checks signature and times, and that the token is new
 */
export function createClaimsReader(
  sealing: Pick<Sealing, 'open'>,
  checkToken: (jwt: string) => Promise<CheckedToken>,
): (jwt: string) => Promise<RequestClaimsRead> {
  let hubSeals = false;
  return async (jwt) => {
    const checked = await checkToken(jwt);
    if ('refused' in checked) return checked;
    const { pid, sealed } = checked.claims;
    if (sealed === undefined) {
      return hubSeals ? { refused: 'it is in clear, and the hub seals its requests to this connector' } : { ...checked, sealed: false };
    }
    if (typeof sealed !== 'string') return { refused: 'its "sealed" is not a text' };
    const result = sealing.open(sealed);
    if ('refused' in result) return { refused: `what is sealed in it cannot be read: ${result.refused}` };
    const claims = openedClaims.safeParse(result.opened);
    // Taken from one request and put into another, it would be another's password.
    if (!claims.success || claims.data.pid !== pid) return { refused: 'what is sealed in it does not belong to it' };
    hubSeals = true;
    return { claims: claims.data, sealed: true };
  };
}
