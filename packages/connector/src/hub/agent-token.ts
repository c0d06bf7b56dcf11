/** The token by which the connector says who it is, in its first frame. */
import { type KeyObject, randomUUID } from 'node:crypto';
import { AGENT_TOKEN_LIFETIME_SECONDS, type AgentKeys } from '@landbridge/protocol';
import { SignJWT } from 'jose';

/**
 * RS256, because that is what hubs verify with the registered certificate.
 *
 * @param privateKey of the certificate that is registered with the hub; RSA
 * @param keys for sealed requests and signed answers; a hub that does not know them leaves the claim unread
 */
export async function signAgentToken(
  privateKey: KeyObject,
  { connection, realm, keys }: { connection: string; realm: string; keys: AgentKeys },
  now: () => number,
): Promise<string> {
  const issuedAt = Math.floor(now() / 1000);
  return await new SignJWT({ keys })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(connection)
    .setAudience(realm)
    // Unique, so that a hub can refuse it the second time.
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + AGENT_TOKEN_LIFETIME_SECONDS)
    .sign(privateKey);
}
