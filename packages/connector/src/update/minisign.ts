/** Verifies signatures of minisign (Ed25519; https://jedisct1.github.io/minisign/). */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

export interface MinisignKey {
  id: Buffer;
  key: KeyObject;
}

/** The ASN.1 before the 32 bytes of an Ed25519 key (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** @param text the file `minisign.pub`, or its second line. @returns undefined if it is not a public key */
export function readMinisignKey(text: string): MinisignKey | undefined {
  const bytes = decode(text.trim().split('\n').at(-1), 42);
  if (bytes?.subarray(0, 2).toString('latin1') !== 'Ed') return undefined;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes.subarray(10)]), format: 'der', type: 'spki' });
  return { id: bytes.subarray(2, 10), key };
}

/**
 * @param signature the content of the `.minisig` file
 * @returns the trusted comment; undefined if the signature is not by this key, of this content and of this comment
 */
export function verifyMinisign(content: Buffer, signature: string, { id, key }: MinisignKey): string | undefined {
  const [, first, second = '', third] = signature.split(/\r?\n/);
  const bytes = decode(first, 74);
  const globalSignature = decode(third, 64);
  const [, comment] = /^trusted comment: (.*)$/.exec(second) ?? [];
  if (bytes === undefined || globalSignature === undefined || comment === undefined) return undefined;
  const algorithm = bytes.subarray(0, 2).toString('latin1');
  if (!bytes.subarray(2, 10).equals(id)) return undefined;
  // `ED` signs a hash of the content, `Ed` (old) the content.
  const signed = algorithm === 'ED' ? createHash('blake2b512').update(content).digest() : algorithm === 'Ed' ? content : undefined;
  if (signed === undefined || !verify(null, signed, key, bytes.subarray(10))) return undefined;
  const withComment = Buffer.concat([bytes.subarray(10), Buffer.from(comment, 'utf8')]);
  return verify(null, withComment, key, globalSignature) ? comment : undefined;
}

function decode(text: string | undefined, length: number): Buffer | undefined {
  if (text === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(text.trim())) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === length ? bytes : undefined;
}
