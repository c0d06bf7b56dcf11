/**
 * Sealed requests and signed answers, our addition (docs/protocol.md, section 8.3). A connector that supports both puts two public keys,
 * generated for one socket, into the claim `keys` of the token in `authenticate`. That token is signed with its registered key, so that no
 * proxy can remove or replace them. From then on
 *
 * - the token of each request has its claims in `sealed`, a compact JWE to `encryption` (RFC 7516; ECDH-ES, A256GCM), beside the times and
 *   the pid. The pid inside and outside must match.
 * - each answer is `{jws}`, a compact JWS by `signing` (RFC 7515; ES256) of the whole frame `{n, p}`. The frame's name contains the pid, so
 *   that it answers no other request.
 */
import { createHash, createSecretKey, diffieHellman, type KeyObject } from 'node:crypto';
import { z } from 'zod';

/** 32 bytes in base64url. */
const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
export const p256PublicKey = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: coordinate, y: coordinate });
export type P256PublicKey = z.infer<typeof p256PublicKey>;

/** The claim `keys` of the connector's token. `kid` names both keys in the headers of the JWE and the JWS. */
export const agentKeys = z.object({ kid: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/), encryption: p256PublicKey, signing: p256PublicKey });
export type AgentKeys = z.infer<typeof agentKeys>;

const SEALED_ENCRYPTION = 'A256GCM';

/** The protected header of the JWE; `epk` is the hub's part of the key agreement. */
export const sealedHeader = z.object({
  alg: z.literal('ECDH-ES'),
  enc: z.literal(SEALED_ENCRYPTION),
  kid: z.string(),
  epk: p256PublicKey,
  // No critical extensions, and no compression.
  crit: z.undefined().optional(),
  zip: z.undefined().optional(),
});

export const signedAnswerHeader = z.object({ alg: z.literal('ES256'), kid: z.string(), crit: z.undefined().optional() });
export const signedAnswer = z.object({ jws: z.string().min(1) });

/**
 * The shared key, from one's own private and the other's public key: one round of Concat KDF (RFC 7518, section 4.6.2), without party
 * information, as each key pair belongs to one socket.
 *
 * @returns 32 bytes
 */
export function agreeOnKey(privateKey: KeyObject, publicKey: KeyObject): KeyObject {
  const algorithm = Buffer.from(SEALED_ENCRYPTION);
  const key = createHash('sha256')
    .update(uint32(1))
    .update(diffieHellman({ privateKey, publicKey }))
    .update(Buffer.concat([uint32(algorithm.length), algorithm, uint32(0), uint32(0), uint32(256)]))
    .digest();
  return createSecretKey(key);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
