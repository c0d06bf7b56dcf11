/**
 * Opens what a hub sealed for this socket, and signs the answers; see `sealed.ts` in the protocol. The keys are made for one socket and never
 * stored, so recorded traffic cannot be opened later.
 */
import { createDecipheriv, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  type AgentKeys,
  agreeOnKey,
  fromBase64url,
  jsonFromBase64url,
  jsonToBase64url,
  p256PublicKey,
  sealedHeader,
  signEs256,
} from '@landbridge/protocol';

export interface ConnectorSealing {
  /** For the token with which the connector authenticates. */
  readonly keys: AgentKeys;
  /** @returns what was sealed, or why it cannot be opened, without revealing any of it */
  open(jwe: string): { opened: unknown } | { refused: string };
  /** @returns the payload to send instead */
  sign(frameName: string, payload: unknown): { jws: string };
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

export function createConnectorSealing(): ConnectorSealing {
  const encryption = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = randomBytes(12).toString('base64url');
  const answerHeader = jsonToBase64url({ alg: 'ES256', kid });
  /** A hub makes its ephemeral key once per socket. A key agreement for each request would cost more than everything else. */
  let last: { header: string; key: KeyObject } | { header: string; refused: string } | undefined;

  function keyFor(encodedHeader: string): { key: KeyObject } | { refused: string } {
    if (last?.header !== encodedHeader) last = { header: encodedHeader, ...agree(encodedHeader, kid, encryption.privateKey) };
    return last;
  }

  return {
    keys: { kid, encryption: publicJwk(encryption.publicKey), signing: publicJwk(signing.publicKey) },
    open(jwe) {
      const parts = jwe.split('.');
      const [header = '', encryptedKey, ...rest] = parts;
      // With direct key agreement, the encrypted key is empty (RFC 7516, section 5.1).
      if (parts.length !== 5 || encryptedKey !== '') return { refused: 'it does not have five parts with an empty second one' };
      const [iv, ciphertext, tag] = rest.map(fromBase64url);
      if (iv?.length !== IV_BYTES || ciphertext === undefined || tag?.length !== TAG_BYTES) return { refused: 'its parts are malformed' };
      const agreed = keyFor(header);
      if ('refused' in agreed) return { refused: agreed.refused };
      try {
        const decipher = createDecipheriv('aes-256-gcm', agreed.key, iv, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(header)).setAuthTag(tag);
        return { opened: JSON.parse(Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8')) };
      } catch {
        return { refused: 'it was sealed with another key, or modified in transit' };
      }
    },
    sign(frameName, payload) {
      const signed = `${answerHeader}.${jsonToBase64url({ n: frameName, p: payload })}`;
      return { jws: `${signed}.${signEs256(signing.privateKey, signed).toString('base64url')}` };
    },
  };
}

function agree(encodedHeader: string, kid: string, privateKey: KeyObject): { key: KeyObject } | { refused: string } {
  const header = sealedHeader.safeParse(jsonFromBase64url(encodedHeader));
  if (!header.success) return { refused: 'its header is not for ECDH-ES with A256GCM' };
  if (header.data.kid !== kid) return { refused: 'it was sealed for another socket' };
  try {
    // createPublicKey rejects a point that is not on the curve, which could reveal the private key.
    return { key: agreeOnKey(privateKey, createPublicKey({ key: header.data.epk, format: 'jwk' })) };
  } catch {
    return { refused: 'invalid ephemeral key' };
  }
}

function publicJwk(key: KeyObject) {
  return p256PublicKey.parse(key.export({ format: 'jwk' }));
}
