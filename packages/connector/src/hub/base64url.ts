/** Parts of tokens, read strictly: one token has one form. */

/** Invalid UTF-8 is refused (RFC 7519, 7.2): a name must not become another one on the way. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @returns undefined where the text is not base64url, or is not how these bytes are written */
export function fromBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

/** @returns undefined where it is not JSON in base64url */
export function fromJson(encoded: string): unknown {
  const bytes = fromBase64url(encoded);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}
