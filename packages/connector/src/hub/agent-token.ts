/** The token by which the connector says who it is, in its first frame. */
import { type KeyObject, randomUUID } from 'node:crypto';
import { AGENT_TOKEN_LIFETIME_SECONDS } from '@landbridge/protocol';
import { SignJWT } from 'jose';

/**
 * RS256, because that is what hubs verify with the registered certificate.
 *
 * @param privateKey of the certificate that is registered with the hub; RSA
 */
export async function signAgentToken(privateKey: KeyObject, connection: string, realm: string, now: () => number): Promise<string> {
  const issuedAt = Math.floor(now() / 1000);
  return await new SignJWT()
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(connection)
    .setAudience(realm)
    // Unique, so that a hub can refuse it the second time.
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + AGENT_TOKEN_LIFETIME_SECONDS)
    .sign(privateKey);
}
