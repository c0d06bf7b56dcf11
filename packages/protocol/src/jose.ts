/**
 * The parts of JOSE that both programs need: base64url read strictly, so that one token has one form, and ECDSA signatures as a JWS has them.
 * docs/decisions/022-jose-and-node-crypto.md says why they are not left to the library `jose`.
 */
/** Rejects invalid UTF-8 (RFC 7519, section 7.2): a name must not become another one on the way. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @returns undefined if the text is not base64url, or not the canonical form of its bytes */
export function fromBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

/** @returns undefined if the text is not JSON in base64url */
export function jsonFromBase64url(text: string): unknown {
  const bytes = fromBase64url(text);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

export function jsonToBase64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const DER_INTEGER = 0x02;
const DER_SEQUENCE = 0x30;
/** A length of one byte with its top bit set follows. */
const DER_LONG_LENGTH = 0x81;

/**
 * A JWS has the two numbers of an ECDSA signature side by side (RFC 7518, section 3.4), OpenSSL as a DER sequence of two integers.
 *
 * @param signature two numbers of the same length, 66 bytes at most
 */
export function derSignature(signature: Buffer): Buffer {
  const half = signature.length / 2;
  const content = Buffer.concat([derInteger(signature.subarray(0, half)), derInteger(signature.subarray(half))]);
  return Buffer.concat([Buffer.of(DER_SEQUENCE, ...(content.length < 0x80 ? [] : [DER_LONG_LENGTH]), content.length), content]);
}

function derInteger(number: Buffer): Buffer {
  const first = number.findIndex((byte) => byte !== 0);
  const significant = first < 0 ? Buffer.of(0) : number.subarray(first);
  // A set top bit would make the number negative.
  const padding = significant.readUInt8(0) < 0x80 ? [] : [0];
  return Buffer.concat([Buffer.of(DER_INTEGER, padding.length + significant.length, ...padding), significant]);
}
