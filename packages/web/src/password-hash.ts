/** Administrators' passwords: what is required of one, and how it is stored and verified (argon2id). */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { CodedError, createSemaphore } from '@landbridge/runtime';
import { COMMON_PASSWORDS } from './common-passwords.ts';

/** NIST SP 800-63B-4 requires length, a comparison with common passwords, and no composition rules. */
export const MIN_PASSWORD_LENGTH = 12;
const MAX_PASSWORD_LENGTH = 1000;
/** 64 MiB, three passes: the second choice of RFC 9106, section 4, with one lane. About 0.1 s. */
const ARGON2ID = { parallelism: 1, memory: 64 * 1024, passes: 3, tagLength: 32 };
const SALT_BYTES = 16;
/** Marks the stored form, so that a later version can change the parameters. */
const FORM = 'argon2id-1';

const argon2Hash = promisify(argon2);
/** Unauthenticated clients can ask for verifications, and each takes 64 MiB. */
const semaphore = createSemaphore({
  maxRunning: 2,
  maxWaiting: 32,
  rejection: () => new CodedError('ADMINISTRATORS_BUSY', 'Too many administrators are signing in: try again in a moment'),
});

/** "aaaaaaaaaaaa" and "abcabcabcabc" have fewer. */
const MIN_DIFFERENT_CHARACTERS = 5;

/**
 * @param userName whose password it is; it must not be the password with a few digits
 * @returns the stored form
 * @throws CodedError PASSWORD_INVALID, ADMINISTRATORS_BUSY
 */
export async function hashPassword(password: string, userName = ''): Promise<string> {
  if (password.length < MIN_PASSWORD_LENGTH || password.length > MAX_PASSWORD_LENGTH) {
    throw new CodedError('PASSWORD_INVALID', `The password must have ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters`);
  }
  if (isGuessable(password, userName)) {
    throw new CodedError('PASSWORD_INVALID', 'The password is too easy to guess: it is common, or a common word or name with digits', {
      action: 'Use several words, or let a password manager create it.',
    });
  }
  const salt = randomBytes(SALT_BYTES);
  return `${FORM}$${salt.toString('base64url')}$${(await tagOf(password, salt)).toString('base64url')}`;
}

/** Digits and signs around a common word are what guessing programs try first. */
function isGuessable(password: string, userName: string): boolean {
  const typed = password.normalize('NFKC').toLowerCase();
  const word = typed.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  const names = [userName, userName.split('@')[0] ?? '', 'landbridge'].map((name) => name.toLowerCase());
  const isCommon = (text: string) => text !== '' && (COMMON_PASSWORDS.has(text) || names.includes(text));
  return isCommon(typed) || isCommon(word) || new Set(typed).size < MIN_DIFFERENT_CHARACTERS;
}

/**
 * @param stored undefined if there is no such administrator: the answer is no, and takes as long
 * @throws CodedError ADMINISTRATORS_BUSY
 */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  if (password.length > MAX_PASSWORD_LENGTH) return false;
  const [form = '', salt = '', tag = ''] = (stored ?? '').split('$');
  const found = await tagOf(password, salt === '' ? randomBytes(SALT_BYTES) : Buffer.from(salt, 'base64url'));
  const expected = Buffer.from(tag, 'base64url');
  return form === FORM && expected.length === found.length && timingSafeEqual(found, expected);
}

/** Normalized, because one keyboard may send as two characters what another sends as one (RFC 8265, section 4.2.2). */
async function tagOf(password: string, salt: Buffer): Promise<Buffer> {
  const message = Buffer.from(password.normalize('NFC'), 'utf8');
  return await semaphore.run(() => argon2Hash('argon2id', { ...ARGON2ID, message, nonce: salt }));
}
