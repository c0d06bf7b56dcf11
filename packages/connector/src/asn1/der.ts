/** Builds DER (X.690) from its parts: certificates, OCSP requests. The many messages of LDAP are written with `ber-writer.ts`. */
import { encodeBer, TAG } from './ber-writer.ts';

/** @param parts the content: elements, or plain bytes */
export function element(tag: number, ...parts: Uint8Array[]): Buffer {
  return encodeBer((writer) => writer.writeBuffer(Buffer.concat(parts), tag));
}

export function sequence(...parts: Uint8Array[]): Buffer {
  return element(TAG.sequence, ...parts);
}

/** @param dotted such as `2.5.4.3` */
export function objectIdentifier(dotted: string): Buffer {
  return encodeBer((writer) => writer.writeOid(dotted));
}
