/** Reads the claims of a request. In a session they arrive as they are. Otherwise they are in a token whose signature and audience are checked. */
import { requestPayload } from '@landbridge/protocol';
import { REALM_PREFIX } from '@landbridge/wsfed';
import { z } from 'zod';
import { checkToken, type TokenChecks, timesProblem } from './token.ts';

/** `refused`: why, as the end of a sentence. */
export type RequestClaimsRead = { claims: Record<string, unknown> } | { refused: string };

/** Reads the payload of a request. Asynchronous only while the hub's JWKS document is fetched. */
export type ReadClaims = (payload: unknown) => RequestClaimsRead | Promise<RequestClaimsRead>;

const sessionClaims = z.record(z.string(), z.unknown());
/** RFC 7519, section 4.1.3. */
const audience = z.union([z.string(), z.array(z.string())]);

/** In a session, a frame certainly comes from the hub, belongs to this socket and is no replay. A proxy could still have delayed it. */
export function createSessionClaimsReader(now: () => number): ReadClaims {
  return (payload) => {
    const claims = sessionClaims.safeParse(payload);
    if (!claims.success) return { refused: 'it has no claims' };
    const refused = typeof claims.data.exp === 'number' ? timesProblem(claims.data, now()) : 'it has no expiry';
    return refused === undefined ? { claims: claims.data } : { refused };
  };
}

/**
 * @param realm the connection's realm: the only valid audience for a connection of our hub. The contract defines no audience, so that of Auth0's
 *   tokens is not checked.
 */
export function createTokenClaimsReader(checks: TokenChecks, realm: string): ReadClaims {
  const isOurHub = realm.startsWith(REALM_PREFIX);
  return async (payload) => {
    const parsed = requestPayload.safeParse(payload);
    if (!parsed.success) return { refused: 'no token' };
    const checked = await checkToken(parsed.data.jwt, checks);
    if ('refused' in checked || !isOurHub) return checked;
    const { aud } = checked.claims;
    if (aud === undefined) return { refused: 'it has no audience' };
    return [audience.safeParse(aud).data].flat().includes(realm) ? checked : { refused: 'it is for another connection' };
  };
}
