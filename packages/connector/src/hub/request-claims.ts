/** From a request's token to its claims: verifies the token and its audience, and opens what was sealed for this socket. */
import { REALM_PREFIX } from '@landbridge/wsfed';
import { z } from 'zod';
import type { ConnectorSealing } from './sealing.ts';
import { checkToken, type TokenChecks } from './token.ts';

/** `sealed`: the request was, so its answer must be signed. `refused`: why, as the end of a sentence. */
export type RequestClaimsRead = { claims: Record<string, unknown>; sealed: boolean } | { refused: string };

const openedClaims = z.record(z.string(), z.unknown());
/** RFC 7519, section 4.1.3. */
const audience = z.union([z.string(), z.array(z.string())]);

/**
 * Unsealed requests are accepted only from a hub that never seals, such as Auth0's. Our hub names the audience and seals each request to a
 * connector whose token brought keys, and no proxy can remove those keys or the signed audience. So an unsealed token that has an audience
 * was made for another connector, and is refused from the first frame on.
 *
 * @param realm the connection's: the only valid audience if it is one of our hub. The contract has no audience, so Auth0's is not looked at.
 */
export function createClaimsReader(
  sealing: Pick<ConnectorSealing, 'open'>,
  checks: TokenChecks,
  realm: string,
): (jwt: string) => Promise<RequestClaimsRead> {
  const isOurHub = realm.startsWith(REALM_PREFIX);
  let hubSeals = false;
  return async (jwt) => {
    const checked = await checkToken(jwt, checks);
    if ('refused' in checked) return checked;
    const { pid, sealed } = checked.claims;
    const aud = isOurHub ? checked.claims.aud : undefined;
    if (aud !== undefined && ![audience.safeParse(aud).data].flat().includes(realm)) return { refused: 'it is for another connection' };
    if (sealed === undefined) {
      if (hubSeals) return { refused: 'it is not sealed, but earlier ones on this socket were' };
      return aud === undefined ? { ...checked, sealed: false } : { refused: 'it is not sealed for this connector' };
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
