/**
 * Seals requests to a connector and checks its signed answers, with the keys its token brought (docs/protocol.md, section 8.3). A proxy that
 * ends TLS between hub and connector sees no password.
 */
import { createCipheriv, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  type AgentKeys,
  agreeOnKey,
  fromBase64url,
  jsonFromBase64url,
  jsonToBase64url,
  signedAnswer,
  signedAnswerHeader,
  verifyEs256,
} from '@landbridge/protocol';
import { z } from 'zod';

/** For one socket. */
export interface HubSealing {
  /** @returns a compact JWE */
  seal(claims: Readonly<Record<string, unknown>>): string;
  /** @returns the payload; undefined unless the connector signed it for a frame of this name */
  open(frameName: string, payload: unknown): { payload: unknown } | undefined;
}

const IV_BYTES = 12;

const signedFrame = z.object({ n: z.string(), p: z.unknown().optional() });

/** @throws Error if a key is not a point on the curve */
export function createHubSealing({ kid, encryption, signing }: AgentKeys): HubSealing {
  const theirs = createPublicKey({ key: encryption, format: 'jwk' });
  const verifying = createPublicKey({ key: signing, format: 'jwk' });
  let own: { header: string; key: KeyObject } | undefined;

  /** Once per socket, at its first request: a new key pair for each request costs four times as much as everything else. */
  function agree(): { header: string; key: KeyObject } {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
    return {
      header: jsonToBase64url({ alg: 'ECDH-ES', enc: 'A256GCM', kid, epk: { kty, crv, x, y } }),
      key: agreeOnKey(privateKey, theirs),
    };
  }

  return {
    seal(claims) {
      own ??= agree();
      // Random IVs are safe for 2^32 requests with one key (NIST SP 800-38D, section 8.3): years of one socket.
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', own.key, iv);
      cipher.setAAD(Buffer.from(own.header));
      const ciphertext = Buffer.concat([cipher.update(JSON.stringify(claims), 'utf8'), cipher.final()]);
      return `${own.header}..${iv.toString('base64url')}.${ciphertext.toString('base64url')}.${cipher.getAuthTag().toString('base64url')}`;
    },
    open(frameName, payload) {
      const [header, signed, signature, ...more] = signedAnswer.safeParse(payload).data?.jws.split('.') ?? [];
      if (header === undefined || signed === undefined || signature === undefined || more.length > 0) return undefined;
      if (signedAnswerHeader.safeParse(jsonFromBase64url(header)).data?.kid !== kid) return undefined;
      const bytes = fromBase64url(signature);
      if (bytes === undefined || !verifyEs256(verifying, `${header}.${signed}`, bytes)) return undefined;
      const frame = signedFrame.safeParse(jsonFromBase64url(signed)).data;
      return frame?.n === frameName ? { payload: frame.p } : undefined;
    },
  };
}
