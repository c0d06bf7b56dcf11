/** Random tokens (tickets, API keys, one-time codes): shown once, kept only as a hash. */
import { createHash, randomBytes } from 'node:crypto';

export interface SecretToken {
  /** What is shown, once. */
  token: string;
  /** What is kept. */
  hash: string;
}

/** 160 random bits: beyond guessing, and short enough for a URL that people copy. */
const TOKEN_BYTES = 20;

export function newSecretToken(prefix = ''): SecretToken {
  const token = prefix + randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, hash: hashOfToken(token) };
}

/**
 * The form in which a token is kept and looked up. A plain SHA-256 is enough for random tokens, which cannot be guessed word by
 * word, and looking up by hash tells nothing through time: who asks does not know the hashes that are near.
 */
export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
