/** Administrators' passwords: what is asked of one, and how it is kept and compared (argon2id). */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { CodedError, createSemaphore } from '@landbridge/runtime';

/** NIST SP 800-63B-4 asks for length and forbids rules of composition. */
export const MIN_PASSWORD_LENGTH = 12;
const MAX_PASSWORD_LENGTH = 1000;
/** 64 MiB, three passes: the second choice of RFC 9106, section 4, with one lane. About 0.1 s, and sign-ins here are rare. */
const ARGON2ID = { parallelism: 1, memory: 64 * 1024, passes: 3, tagLength: 32 };
const SALT_BYTES = 16;
/** The beginning of what is kept, so that a later version can have other parameters. */
const FORM = 'argon2id-1';

const argon2Hash = promisify(argon2);
/** Unauthenticated clients can ask for comparisons, and each takes 64 MiB. */
const semaphore = createSemaphore({
  maxRunning: 2,
  maxWaiting: 32,
  rejection: () => new CodedError('ADMINISTRATORS_BUSY', 'Too many administrators are signing in: try again in a moment'),
});

/** @returns the form in which it is kept. @throws CodedError PASSWORD_INVALID, ADMINISTRATORS_BUSY */
export async function hashPassword(password: string): Promise<string> {
  if (password.length < MIN_PASSWORD_LENGTH || password.length > MAX_PASSWORD_LENGTH) {
    throw new CodedError('PASSWORD_INVALID', `The password must have ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters`);
  }
  const salt = randomBytes(SALT_BYTES);
  return `${FORM}$${salt.toString('base64url')}$${(await tagOf(password, salt)).toString('base64url')}`;
}

/**
 * @param kept undefined where there is no such administrator: then it takes as long, and is false
 * @throws CodedError ADMINISTRATORS_BUSY
 */
export async function isPassword(password: string, kept: string | undefined): Promise<boolean> {
  if (password.length > MAX_PASSWORD_LENGTH) return false;
  const [form = '', salt = '', tag = ''] = (kept ?? '').split('$');
  const found = await tagOf(password, salt === '' ? randomBytes(SALT_BYTES) : Buffer.from(salt, 'base64url'));
  const expected = Buffer.from(tag, 'base64url');
  return form === FORM && expected.length === found.length && timingSafeEqual(found, expected);
}

/** What is typed on one keyboard as one character and on another as two has one form (RFC 8265, section 4.2.2). */
async function tagOf(password: string, salt: Buffer): Promise<Buffer> {
  const message = Buffer.from(password.normalize('NFC'), 'utf8');
  return await semaphore.run(() => argon2Hash('argon2id', { ...ARGON2ID, message, nonce: salt }));
}
