/** Random tokens (tickets, API keys, one-time codes, sessions): shown once, stored as a hash. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface SecretToken {
  /** Shown once. */
  token: string;
  /** Stored. */
  hash: string;
}

/** 160 random bits: cannot be guessed, and short enough for a URL that people copy. */
const TOKEN_BYTES = 20;

export function newSecretToken(prefix = ''): SecretToken {
  const token = prefix + randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, hash: hashOfToken(token) };
}

/**
 * How a token is stored and looked up. A plain SHA-256 is enough for random tokens, which no dictionary holds. Lookup by hash leaks nothing
 * through timing, because the caller does not know which hashes are close.
 */
export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Compares secrets in a time that does not depend on where they differ. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
