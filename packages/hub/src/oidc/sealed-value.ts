/**
 * Values that the hub keeps in a user's browser: encrypted under the provider's cookie keys, so that nobody but the hub reads or changes them,
 * and bound to a purpose, so that a value cannot be used in another place. They need no storage that strangers could fill.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** @param keys the provider's cookie keys, the current one first. @returns undefined before the provider has started */
export function sealedValue(keys: readonly string[], purpose: string, value: unknown): string | undefined {
  const [key] = keys;
  if (key === undefined) return undefined;
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', derived(key, purpose), iv);
  const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url');
}

/** @returns undefined if it was not sealed with one of these keys for this purpose */
export function openedValue(keys: readonly string[], purpose: string, sealed: string): unknown {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
  for (const key of keys) {
    try {
      const decipher = createDecipheriv('aes-256-gcm', derived(key, purpose), bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const text = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
      return JSON.parse(text.toString('utf8'));
    } catch {
      // Another key, another purpose, or not ours.
    }
  }
  return undefined;
}

function derived(key: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `landbridge ${purpose}`, 32));
}
