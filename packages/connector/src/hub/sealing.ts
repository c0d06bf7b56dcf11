/**
 * Opening what a hub sealed for this socket, and signing what is answered; see `sealed.ts` of the protocol. The keys are made for one
 * socket and kept nowhere: what was recorded on the way cannot be opened later with anything that is stored.
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

export interface Sealing {
  /** What the hub is told, in the token by which the connector authenticates. */
  readonly keys: AgentKeys;
  /** @returns what was sealed, or a sentence on why it cannot be opened, which contains nothing of it */
  open(jwe: string): { opened: unknown } | { refused: string };
  /** @returns the payload in place of `payload` */
  sign(frameName: string, payload: unknown): { jws: string };
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

export function createSealing(): Sealing {
  const encryption = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = randomBytes(12).toString('base64url');
  const answerHeader = jsonToBase64url({ alg: 'ES256', kid });
  /** A hub makes its part of the key once for a socket: agreeing again each time would be dearer than all the rest. */
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
      // With a key that both sides agreed on, none is sent (RFC 7516, section 5.1).
      if (parts.length !== 5 || encryptedKey !== '') return { refused: 'it is not five parts, the second of them empty' };
      const [iv, ciphertext, tag] = rest.map(fromBase64url);
      if (iv?.length !== IV_BYTES || ciphertext === undefined || tag?.length !== TAG_BYTES)
        return { refused: 'its parts are not as they should be' };
      const agreed = keyFor(header);
      if ('refused' in agreed) return { refused: agreed.refused };
      try {
        const decipher = createDecipheriv('aes-256-gcm', agreed.key, iv, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(header)).setAuthTag(tag);
        return { opened: JSON.parse(Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8')) };
      } catch {
        return { refused: 'it was sealed with another key, or changed on the way' };
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
    // A point that is not on the curve would tell about the private key; it is no key here.
    return { key: agreeOnKey(privateKey, createPublicKey({ key: header.data.epk, format: 'jwk' })) };
  } catch {
    return { refused: 'the key it was sealed with is none' };
  }
}

function publicJwk(key: KeyObject) {
  return p256PublicKey.parse(key.export({ format: 'jwk' }));
}
