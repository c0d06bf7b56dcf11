/** The token in the connector's first frame, which proves its identity. */
import { type KeyObject, randomUUID } from 'node:crypto';
import { AGENT_TOKEN_LIFETIME_SECONDS, type SessionClaim } from '@landbridge/protocol';
import { SignJWT } from 'jose';

/**
 * RS256, since hubs verify it with the registered certificate.
 *
 * @param privateKey of the certificate that is registered with the hub; RSA
 * @param session asks for a session (only our hubs know sessions)
 */
export async function signAgentToken(
  privateKey: KeyObject,
  { connection, realm, session }: { connection: string; realm: string; session: SessionClaim | undefined },
  now: () => number,
): Promise<string> {
  const issuedAt = Math.floor(now() / 1000);
  return await new SignJWT(session === undefined ? {} : { session })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(connection)
    .setAudience(realm)
    // Unique, so that a hub can reject a replay.
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + AGENT_TOKEN_LIFETIME_SECONDS)
    .sign(privateKey);
}
