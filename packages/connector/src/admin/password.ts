/** The password of the console: what is asked of one, how it is kept (argon2id, in the home, for its owner only), and how often it may be guessed. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CodedError } from '@landbridge/runtime';
import { z } from 'zod';
import { writePrivateFile } from '../config/write-private-file.ts';

/** NIST SP 800-63B-4 asks for length and forbids rules of composition. */
export const MIN_PASSWORD_LENGTH = 12;
const MAX_PASSWORD_LENGTH = 1000;
/** 64 MiB, three passes: the second choice of RFC 9106, section 4, with one lane. About 0.1 s. */
const ARGON2ID = { parallelism: 1, memory: 64 * 1024, passes: 3, tagLength: 32 };
const SALT_BYTES = 16;
/** In no export: each machine has a password of its own. */
const FILE = 'console.json';
const kept = z.object({ password: z.string().regex(/^argon2id-1\$[\w-]+\$[\w-]+$/) });

/** So many wrong passwords cost nothing; each further one makes the wait twice as long. */
const FREE_TRIES = 5;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

const hash = promisify(argon2);

export interface ConsolePassword {
  isSet(): boolean;
  /** @throws CodedError PASSWORD_INVALID, CONSOLE_NOT_WRITABLE */
  set(password: string): Promise<void>;
  /**
   * One at a time: each takes 64 MiB.
   *
   * @throws CodedError CONSOLE_TOO_MANY_TRIES without looking at the password, also where it is the right one
   */
  matches(password: string): Promise<boolean>;
}

/** @param now for tests, in milliseconds */
export function createConsolePassword(home: string, now: () => number = () => performance.now()): ConsolePassword {
  const path = join(home, FILE);
  let wrong = 0;
  let notBefore = 0;
  let comparing = false;

  function read(): string | undefined {
    try {
      return kept.parse(JSON.parse(readFileSync(path, 'utf8'))).password;
    } catch {
      // Damaged is as good as none: a link, which only this machine's administrator gets, sets a new one.
      return undefined;
    }
  }

  return {
    isSet: () => read() !== undefined,
    async set(password) {
      if (password.length < MIN_PASSWORD_LENGTH || password.length > MAX_PASSWORD_LENGTH) {
        throw new CodedError('PASSWORD_INVALID', `The password must have ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters`);
      }
      const salt = randomBytes(SALT_BYTES);
      const text = `argon2id-1$${salt.toString('base64url')}$${(await tagOf(password, salt)).toString('base64url')}`;
      try {
        writePrivateFile(path, `${JSON.stringify({ password: text })}\n`);
      } catch (cause) {
        throw new CodedError('CONSOLE_NOT_WRITABLE', `${path} cannot be written`, {
          action: 'Give the user that runs the connector the right to write in its home.',
          cause,
        });
      }
      wrong = 0;
      notBefore = 0;
    },
    async matches(password) {
      const waitMs = Math.max(notBefore - now(), comparing ? FIRST_WAIT_MS : 0);
      if (waitMs > 0) {
        const seconds = Math.ceil(waitMs / 1000);
        throw new CodedError(
          'CONSOLE_TOO_MANY_TRIES',
          `Too many wrong passwords: wait ${seconds} ${seconds === 1 ? 'second' : 'seconds'}, then try again`,
          {
            action: 'Whoever has lost the password gets a new link with "landbridge-connector console link".',
          },
        );
      }
      const [, salt, tag] = (read() ?? '').split('$');
      if (salt === undefined || tag === undefined) return false;
      comparing = true;
      try {
        const expected = Buffer.from(tag, 'base64url');
        const found = await tagOf(password.slice(0, MAX_PASSWORD_LENGTH), Buffer.from(salt, 'base64url'));
        const isRight = expected.length === found.length && timingSafeEqual(found, expected);
        wrong = isRight ? 0 : wrong + 1;
        if (wrong >= FREE_TRIES) notBefore = now() + Math.min(FIRST_WAIT_MS * 2 ** (wrong - FREE_TRIES), LONGEST_WAIT_MS);
        return isRight;
      } finally {
        comparing = false;
      }
    },
  };
}

/** What is typed on one keyboard as one character and on another as two has one form (RFC 8265, section 4.2.2). */
async function tagOf(password: string, salt: Buffer): Promise<Buffer> {
  return await hash('argon2id', { ...ARGON2ID, message: Buffer.from(password.normalize('NFC'), 'utf8'), nonce: salt });
}
